"""What the people of an establishment read: the Spanish names of kinds, columns and closed words."""

from __future__ import annotations

from collections.abc import Mapping

KINDS: Mapping[str, str] = {
    "roll_opening": "apertura de registro",
    "admission": "ingreso",
    "case_opened": "causa abierta",
    "case_changed": "causa modificada",
    "case_closed": "causa cerrada",
    "release": "egreso por libertad",
    "death": "fallecimiento",
    "escape": "fuga",
    "transfer_departure": "traslado, salida",
    "transfer_arrival": "traslado, llegada",
    "absence_start": "conducción, salida",
    "absence_end": "conducción, retorno",
    "profile_change": "cambio de datos",
    "health": "salud",
    "child_entry": "niño, ingreso",
    "child_exit": "niño, salida",
    "supervision_start": "medio libre, inicio",
    "supervision_change": "medio libre, cambio",
    "supervision_end": "medio libre, archivo",
    "void": "anulación",
    "identity_merge": "unión de identidades",
    "headcount": "recuento físico",
}
"""What an establishment may say in a table, by kind. An amendment holds a whole fact in itself: NDJSON only."""

GROUPS: Mapping[str, str] = {
    "cases": "Causa",
    "offences": "Delito",
    "counted": "Recuento",
    "sentence": "Condena",
    "other": "Otro documento",
}
"""What stands before the name of a column that is part of something."""

COLUMNS: Mapping[str, tuple[str, str]] = {
    "id": (
        "Identificador",
        "Déjelo vacío. Escriba uno propio solo si dos hechos tienen el mismo tipo, persona y momento; sin documentos.",
    ),
    "time": ("Fecha y hora", "Cuándo ocurrió, en hora de Lima: 2026-02-03 17:05."),
    "document": ("Tipo de documento", "Con qué documento se identifica a la persona."),
    "number": (
        "Número de documento",
        "Tal como está en el documento. Un DNI tiene 8 dígitos, con los ceros a la izquierda.",
    ),
    "admitted_on": ("Fecha de ingreso original", "Día en que la persona ingresó: 2026-02-03."),
    "declared_admissions": ("Número de ingresos", "Cuántas veces ha ingresado, con esta. Vacío: una."),
    "motive": ("Motivo", "Por qué ocurrió."),
    "authority": ("Autoridad", "Quién lo ordenó."),
    "sex": ("Sexo", "Sexo de la persona o de los contados."),
    "birth_date": ("Fecha de nacimiento", "Como 2001-12-31."),
    "nationality": ("Nacionalidad", "País, código de dos letras."),
    "schooling": ("Grado de instrucción", "El más alto que alcanzó."),
    "civil_status": ("Estado civil", "Según su documento o declaración."),
    "occupation": ("Ocupación", "La que tenía antes de ingresar."),
    "recidivism": ("Reincidencia", "Como la declaró un juez."),
    "residence": ("Distrito de procedencia", "Donde vivía: ubigeo de seis dígitos."),
    "residence_nucleus": ("Núcleo urbano de procedencia", "Código del núcleo urbano, si se conoce."),
    "case": ("Número de causa", "El del expediente judicial, sin espacios."),
    "code": ("Delito", "Según el catálogo."),
    "offence": ("Delito", "Según el catálogo."),
    "attempt": ("Tentativa", "Sí, si no llegó a consumarse."),
    "main": ("Delito principal", "Sí, si es el principal de la persona."),
    "months": ("Meses", "Duración total de la condena en meses."),
    "life": ("Cadena perpetua", "Sí, en lugar de los meses."),
    "joined": ("Refundición", "Sí, si esta condena reúne a las demás."),
    "liberty_type": ("Tipo de libertad", "Cómo obtuvo la libertad."),
    "destination": ("Destino", "Establecimiento al que va."),
    "origin": ("Origen", "Establecimiento del que viene."),
    "reason": ("Razón", "Adónde fue conducida la persona."),
    "condition": ("Enfermedad", "Forma de la tuberculosis."),
    "event": ("Suceso", "Diagnóstico o curación."),
    "child": ("Código del niño", "Un código del establecimiento, nunca un nombre."),
    "supervision": ("Código de la supervisión", "El que le da la unidad, sin espacios."),
    "unit": ("Unidad", "Establecimiento de medio libre."),
    "service": ("Servicio", "Por qué beneficio o pena se controla a la persona."),
    "wrong": ("Delito o falta", "Qué se le atribuye."),
    "state": ("Estado", "Estado y subestado del control."),
    "beneficiary_unit": ("Unidad beneficiaria", "Código de la entidad en la que cumple, sin espacios."),
    "cause": ("Causa de archivo", "Por qué terminó."),
    "target.id": ("Hecho que se anula", "El identificador del hecho; lo muestra siep-producer status."),
    "present": ("Presentes", "Contados en el establecimiento."),
    "absent": ("En conducción", "Fuera por un juzgado u hospital."),
    "in_transit": ("En traslado", "Salieron y aún no llegan a su destino."),
    "signed_by": ("Firma", "Código del funcionario que firma, nunca un nombre."),
}
"""By the last word of a column's path, or the last two where one is not enough: its name, and what to write in it."""

CLOSED: Mapping[str, str] = {
    "male": "Hombre",
    "female": "Mujer",
    "dni": "DNI",
    "foreigner_card": "Carné de extranjería",
    "passport": "Pasaporte",
    "inpe": "Código del INPE",
    "none": "Ninguna",
    "reincident": "Reincidente",
    "habitual": "Habitual",
    "tb_sensitive": "Tuberculosis sensible",
    "tb_mdr": "Tuberculosis multidrogorresistente",
    "tb_xdr": "Tuberculosis extensamente resistente",
    "diagnosed": "Diagnosticada",
    "cured": "Curada",
    "delito": "Delito",
    "falta": "Falta",
}
"""Words that the contract itself closes, without a catalogue."""

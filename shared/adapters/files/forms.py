"""The formats that files are written in, by name."""

from __future__ import annotations

from shared.adapters.files import delimited, xlsx
from shared.contracts.export_jobs import Format
from shared.export_ports import FileForm

FORMS: dict[Format, FileForm] = {Format.CSV: delimited, Format.XLSX: xlsx}

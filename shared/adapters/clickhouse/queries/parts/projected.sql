-- The projection that covers the question. Naming it spares the engine comparing all; there is nothing in one to filter early.
    SETTINGS preferred_optimize_projection_name = 'by_core', optimize_move_to_prewhere = 0 -- @when by_core
    SETTINGS preferred_optimize_projection_name = 'by_offence', optimize_move_to_prewhere = 0 -- @when by_offence

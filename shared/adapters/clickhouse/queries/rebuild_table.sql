-- An empty journal of the same form, to be filled from the log beside the living one.
CREATE TABLE {rebuilt:Identifier} AS {journal:Identifier}

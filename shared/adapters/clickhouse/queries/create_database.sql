-- A database of the system's own kind of engine.
CREATE DATABASE IF NOT EXISTS {database:Identifier} ENGINE = Atomic

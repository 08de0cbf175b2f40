-- Forget a database that was made to be compared.
DROP DATABASE IF EXISTS {database:Identifier} SYNC

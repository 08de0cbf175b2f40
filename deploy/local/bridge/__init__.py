"""The ClickHouse engine of the local stack behind ClickHouse's own HTTP interface.

`python -m deploy.local.bridge --path DIR [--host 127.0.0.1] [--port 8123]` serves chDB, the ClickHouse engine as a
library, to unmodified clickhouse-connect clients. No service asks which of the two it talks to. The interface is that
of https://clickhouse.com/docs/interfaces/http.

What it does not do, and a server does:
- users, roles, quotas, row policies: one user with one password (SIEP_CLICKHOUSE_USER, SIEP_CLICKHOUSE_PASSWORD);
- KILL QUERY by the client's query id, `query_log` and `session_log`; a query ends by itself or by `max_execution_time`;
- progress headers; compressed answers; brotli; ClickHouse's own block compression (`compress`, `decompress`);
- `client_protocol_version`: answers have the form of version 0, which clients detect;
- constant memory: a request body is held whole, and so is an answer whose format has a header or a footer (Arrow,
  Parquet, JSON, names and types); Native, RowBinary, CSV, TSV and JSONEachRow stream;
- HTTP statuses by kind of error: 403 for a wrong password, 500 for all else, the code in X-ClickHouse-Exception-Code;
- read-only GET: a GET may write;
- TLS, the native protocol on port 9000, Keeper and so ReplicatedMergeTree: chDB has none of them.
"""

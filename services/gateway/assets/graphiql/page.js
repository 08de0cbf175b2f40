// The token stays in this tab: it is kept for the session and sent to /graphql of this server alone. An address that ends
// in #token=… fills it in; what follows # never leaves the browser.
"use strict";

const KEPT = "siep-token";
const field = document.getElementById("token");
const state = document.getElementById("state");

const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  sessionStorage.setItem(KEPT, given);
  history.replaceState(null, "", location.pathname);
}
field.value = sessionStorage.getItem(KEPT) || "";

async function ask(request, options) {
  const headers = { "Content-Type": "application/json", ...((options && options.headers) || {}) };
  const token = sessionStorage.getItem(KEPT);
  if (token && !headers.Authorization) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch("/graphql", { method: "POST", headers, body: JSON.stringify(request) });
  const refused = token ? "This token is not accepted." : "Give a token first.";
  state.textContent = answer.status === 401 ? refused : "";
  return answer.json();
}

const root = ReactDOM.createRoot(document.getElementById("graphiql"));
let shown = 0;

async function show() {
  const examples = await (await fetch("/graphiql/examples.json")).json();
  // A new key asks for the schema again: without the token there was none.
  root.render(React.createElement(GraphiQL, { key: ++shown, fetcher: ask, defaultTabs: examples, defaultQuery: "" }));
}

document.getElementById("access").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEPT, field.value.trim());
  show();
});
show();

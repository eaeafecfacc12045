// The client's story, told to a running server: payments in, one read, its case found, acted on
// under a key and a version, its timeline read; a case opened by hand, acted on, searched for and
// exported; and a "no" understood by its code.

import { Redress, Refused } from "./client.js";

function said(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`story: set ${name}`);
  return value;
}

const client = new Redress(said("REDRESS_BASE_URL"), said("REDRESS_TOKEN"));
const refid = said("REDRESS_REFID");
let passed = 0;
let failed = 0;

async function step(name: string, act: () => Promise<boolean>): Promise<void> {
  let why = "";
  const good = await act().catch((error: unknown) => {
    why = `: ${String(error)}`;
    return false;
  });
  if (good) passed += 1;
  else failed += 1;
  console.log(`${good ? "PASS" : "FAIL"} typescript: ${name}${why}`);
}

async function refusal(act: Promise<unknown>): Promise<string> {
  try {
    await act;
    return "";
  } catch (error) {
    if (error instanceof Refused) return error.problem.code;
    throw error;
  }
}

await step("payments are brought in once for a key", async () => {
  const body = {
    transactions: [
      {
        refid: "TS-1",
        product: "TNB",
        account: "220001234513",
        amount_minor: 1250,
        currency: "MYR",
        status: "successful",
        status_at: "2026-01-05T10:12:00Z",
        created_at: "2026-01-05T10:11:12Z",
      },
    ],
  };
  const asking = { body, idempotencyKey: "ts-import" };
  const first = await client.ask("post", "/api/v1/transactions", asking);
  const again = await client.ask("post", "/api/v1/transactions", asking);
  return first.body.new === 1 && again.body.new === 1 && again.replayed && !first.replayed;
});

await step("a payment is read", async () => {
  const one = await client.ask("get", "/api/v1/transactions/{refid}", { path: { refid } });
  return one.body.refid === refid && one.body.amount.currency === "MYR";
});

await step("the case is found, acted on, and told", async () => {
  const found = await client.ask("get", "/api/v1/cases", { query: { refid } });
  const [listed] = found.body.cases;
  if (listed === undefined || found.body.cases.length !== 1) return false;
  const path = { id: listed.id };
  const read = await client.ask("get", "/api/v1/cases/{id}", { path });
  const started = await client.ask("post", "/api/v1/cases/{id}/start", {
    path,
    body: { says: "Mine." },
    idempotencyKey: "ts-start",
    version: read.version ?? "",
  });
  const version = started.version ?? "";
  const waits = await client.ask("post", "/api/v1/cases/{id}/wait", {
    path,
    body: { on: "provider" },
    version,
  });
  const told = await client.ask("get", "/api/v1/cases/{id}/timeline", { path });
  const acts = told.body.entries.map((entry) => (entry.kind === "note" ? entry.act : entry.kind));
  const stale = client.ask("post", "/api/v1/cases/{id}/resume", { path, body: {}, version });
  return (
    waits.body.fact === "provider" && acts.includes("wait") && (await refusal(stale)) === "stale"
  );
});

let opened = "";

await step("a case is opened by hand, once for a key", async () => {
  const body = {
    channel: "phone" as const,
    says: "The indigo meter shows nothing.",
    customer: "TS-7",
    language: "en",
  };
  const asking = { body, idempotencyKey: "ts-open" };
  const first = await client.ask("post", "/api/v1/cases", asking);
  const again = await client.ask("post", "/api/v1/cases", asking);
  opened = first.body.id;
  return again.replayed && !first.replayed && again.body.id === opened;
});

await step("what was said is in its timeline", async () => {
  const path = { id: opened };
  const { version } = await client.ask("get", "/api/v1/cases/{id}", { path });
  await client.ask("post", "/api/v1/cases/{id}/start", { path, body: {}, version: version ?? "" });
  const body = { says: "Somebody goes and looks." };
  await client.ask("post", "/api/v1/cases/{id}/comment", { path, body });
  const told = await client.ask("get", "/api/v1/cases/{id}/timeline", { path });
  const said = JSON.stringify(told.body.entries);
  return said.includes("indigo meter") && said.includes("goes and looks");
});

// Times a list is asked, and the wait between: what is new is found and exported within seconds.
const tries = 100;
const again = () => new Promise((resolve) => setTimeout(resolve, 200));

await step("it is found by what was said", async () => {
  const query = { q: "indigo meters" };
  for (let n = 0; n < tries; n += 1) {
    const { found } = (await client.ask("get", "/api/v1/search", { query })).body;
    if (found.length > 0) return found.length === 1 && found[0]?.case.id === opened;
    await again();
  }
  return false;
});

await step("its changes are exported", async () => {
  const acts: string[] = [];
  let query: { limit: number; cursor?: string } = { limit: 2 };
  for (let n = 0; n < tries && acts.length < 3; n += 1) {
    const page = (await client.ask("get", "/api/v1/export/cases", { query })).body;
    acts.push(...page.rows.filter((row) => row.case === opened).map((row) => row.act));
    query = { limit: 2, cursor: page.next };
    if (!page.more && acts.length < 3) await again();
  }
  return acts.join() === "open,start,comment";
});

await step("fields are chosen", async () => {
  const query = { refid, fields: "id,stage" };
  const found = await client.ask("get", "/api/v1/cases", { query });
  return Object.keys(found.body.cases[0] ?? {}).join() === "id,stage";
});

await step("a no has a code", async () => {
  const path = { id: "cs_00000000000000000000000000" };
  return (await refusal(client.ask("get", "/api/v1/cases/{id}", { path }))) === "case-unknown";
});

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

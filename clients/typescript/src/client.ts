// A thin client of the native API over fetch, typed by the document: schema.ts is made from it by
// `npm run schema`. It never retries by itself: with an idempotency key you may.

import type { components, paths } from "./schema.js";

type Method = "get" | "post" | "put" | "patch" | "delete";
type Operation<P extends keyof paths, M extends Method> = M extends keyof paths[P]
  ? NonNullable<paths[P][M]>
  : never;
/** The methods that a path takes. */
type Methods<P extends keyof paths> = {
  [M in Method]: [Operation<P, M>] extends [never] ? never : M;
}[Method];

type ParametersOf<O, K extends string> = O extends { parameters: { [k in K]?: infer V } }
  ? NonNullable<V>
  : never;
type Content<T> = T extends { content: { "application/json": infer B } } ? B : unknown;
type BodyOf<O> = O extends { requestBody?: infer B } ? Content<NonNullable<B>> : never;
type Good = 200 | 201 | 202;
type AnswerOf<O> = O extends { responses: infer R }
  ? { [S in keyof R & Good]: Content<R[S]> }[keyof R & Good]
  : unknown;

export type Problem = components["schemas"]["Problem"];

export interface Asking<O> {
  /** Names in the path. */
  path?: ParametersOf<O, "path">;
  query?: ParametersOf<O, "query">;
  body?: BodyOf<O>;
  /** The same request with the same key is carried out once. */
  idempotencyKey?: string;
  /** The ETag that the thing must still have. */
  version?: string;
  signal?: AbortSignal;
}

export interface Answer<B> {
  body: B;
  /** The ETag, for the next write. */
  version: string | null;
  /** Whether it is the answer of an earlier request with the same key. */
  replayed: boolean;
  /** The server's name for the request. */
  request: string | null;
}

/** The API says no: go by `problem.code`. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.code}: ${problem.detail}`);
  }
}

export class Redress {
  readonly #base: string;
  readonly #token: string;

  /** `token` begins with `rdt_`. */
  constructor(base: string, token: string) {
    this.#base = base.replace(/\/+$/, "");
    this.#token = token;
  }

  async ask<P extends keyof paths & string, M extends Methods<P>>(
    method: M,
    path: P,
    asking: Asking<Operation<P, M>> = {},
  ): Promise<Answer<AnswerOf<Operation<P, M>>>> {
    const headers = new Headers({ authorization: `Bearer ${this.#token}` });
    if (asking.idempotencyKey !== undefined) headers.set("idempotency-key", asking.idempotencyKey);
    if (asking.version !== undefined) headers.set("if-match", asking.version);
    if (asking.body !== undefined) headers.set("content-type", "application/json");
    const response = await fetch(this.#base + target(path, asking.path, asking.query), {
      method: method.toUpperCase(),
      headers,
      body: asking.body === undefined ? null : JSON.stringify(asking.body),
      signal: asking.signal ?? null,
    });
    const text = await response.text();
    const kind = response.headers.get("content-type") ?? "";
    if (kind.startsWith("application/problem+json")) throw new Refused(JSON.parse(text) as Problem);
    if (!response.ok) throw new Error(`status ${response.status} without a problem`);
    const body: unknown = kind.startsWith("application/json") ? JSON.parse(text) : text;
    return {
      body: body as AnswerOf<Operation<P, M>>,
      version: response.headers.get("etag"),
      replayed: response.headers.get("idempotent-replayed") === "true",
      request: response.headers.get("redress-request-id"),
    };
  }
}

function target(path: string, names?: object, query?: object): string {
  const named = Object.entries(names ?? {});
  const filled = named.reduce(
    (text, [name, value]) => text.replace(`{${name}}`, encodeURIComponent(String(value))),
    path,
  );
  const asked = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(asked.map(([name, value]) => [name, String(value)]));
  return asked.length === 0 ? filled : `${filled}?${search.toString()}`;
}

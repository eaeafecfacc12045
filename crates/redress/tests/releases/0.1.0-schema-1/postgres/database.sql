CREATE TABLE api_keys (
    id text NOT NULL COLLATE pg_catalog."C",
    scope bigint NOT NULL,
    secret bytea NOT NULL,
    label text NOT NULL COLLATE pg_catalog."C",
    created_at bigint NOT NULL,
    revoked_at bigint
);
CREATE TABLE attempts (
    message_id text NOT NULL COLLATE pg_catalog."C",
    number bigint NOT NULL,
    at bigint NOT NULL,
    result text NOT NULL COLLATE pg_catalog."C",
    detail text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE cases (
    id text NOT NULL COLLATE pg_catalog."C",
    scope bigint NOT NULL,
    version bigint NOT NULL,
    stage text NOT NULL COLLATE pg_catalog."C",
    stage_fact text NOT NULL COLLATE pg_catalog."C",
    stage_at bigint NOT NULL,
    opened_at bigint NOT NULL,
    refid text NOT NULL COLLATE pg_catalog."C",
    slot bigint NOT NULL,
    earlier text COLLATE pg_catalog."C",
    addresses text NOT NULL COLLATE pg_catalog."C",
    through text NOT NULL COLLATE pg_catalog."C",
    queue text NOT NULL COLLATE pg_catalog."C",
    assignee text NOT NULL COLLATE pg_catalog."C",
    proposal text COLLATE pg_catalog."C",
    proposed_by text COLLATE pg_catalog."C",
    head_seq bigint NOT NULL,
    head_digest bytea NOT NULL
);
CREATE TABLE logins (
    username text NOT NULL COLLATE pg_catalog."C",
    scope bigint NOT NULL,
    password text NOT NULL COLLATE pg_catalog."C",
    created_at bigint NOT NULL,
    changed_at bigint NOT NULL
);
CREATE TABLE nonces (
    minute bigint NOT NULL,
    digest bytea NOT NULL
);
CREATE TABLE notes (
    case_id text NOT NULL COLLATE pg_catalog."C",
    seq bigint NOT NULL,
    at bigint NOT NULL,
    actor text NOT NULL COLLATE pg_catalog."C",
    act text NOT NULL COLLATE pg_catalog."C",
    fact text NOT NULL COLLATE pg_catalog."C",
    content_digest bytea NOT NULL,
    previous bytea NOT NULL,
    digest bytea NOT NULL,
    salt bytea,
    content bytea,
    sealed bigint NOT NULL,
    seal bigint NOT NULL
);
CREATE TABLE outbox (
    id text NOT NULL COLLATE pg_catalog."C",
    scope bigint NOT NULL,
    case_id text NOT NULL COLLATE pg_catalog."C",
    at bigint NOT NULL,
    channel text NOT NULL COLLATE pg_catalog."C",
    shape text NOT NULL COLLATE pg_catalog."C",
    body text NOT NULL COLLATE pg_catalog."C",
    endpoint text COLLATE pg_catalog."C",
    parent text COLLATE pg_catalog."C",
    state bigint NOT NULL,
    due bigint NOT NULL,
    leased_until bigint NOT NULL,
    attempts bigint NOT NULL
);
CREATE TABLE payments (
    scope bigint NOT NULL,
    refid text NOT NULL COLLATE pg_catalog."C",
    trxid text NOT NULL COLLATE pg_catalog."C",
    product text NOT NULL COLLATE pg_catalog."C",
    account text NOT NULL COLLATE pg_catalog."C",
    amount_minor bigint NOT NULL,
    currency text NOT NULL COLLATE pg_catalog."C",
    status bigint NOT NULL,
    status_at bigint NOT NULL,
    created_at bigint NOT NULL,
    provider text NOT NULL COLLATE pg_catalog."C",
    payer_ref text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE quotas (
    subject bytea NOT NULL,
    ends_at bigint NOT NULL,
    used bigint NOT NULL
);
CREATE TABLE refresh_tokens (
    digest bytea NOT NULL,
    username text NOT NULL COLLATE pg_catalog."C",
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE TABLE saved_keys (
    scope bigint NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    digest bytea NOT NULL,
    shape text NOT NULL COLLATE pg_catalog."C",
    outcome text NOT NULL COLLATE pg_catalog."C",
    at bigint NOT NULL
);
CREATE TABLE schema_compat (
    only_row bigint NOT NULL,
    oldest bigint NOT NULL,
    CONSTRAINT schema_compat_only_row_check CHECK ((only_row = 1))
);
CREATE TABLE schema_steps (
    number bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    digest text NOT NULL COLLATE pg_catalog."C",
    applied_at bigint NOT NULL
);
CREATE TABLE seal_heads (
    seal bigint NOT NULL,
    case_id text NOT NULL COLLATE pg_catalog."C",
    note_seq bigint NOT NULL,
    digest bytea NOT NULL
);
CREATE TABLE seals (
    seq bigint NOT NULL,
    at bigint NOT NULL,
    heads bigint NOT NULL,
    root bytea NOT NULL,
    previous bytea NOT NULL,
    signer text NOT NULL COLLATE pg_catalog."C",
    signature bytea NOT NULL
);
CREATE TABLE tenants (
    id bigint NOT NULL,
    slug text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    email text NOT NULL COLLATE pg_catalog."C",
    seal_narratives bigint NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE tokens (
    digest bytea NOT NULL,
    scope bigint NOT NULL,
    role text NOT NULL COLLATE pg_catalog."C",
    label text NOT NULL COLLATE pg_catalog."C",
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    revoked_at bigint
);
CREATE TABLE webhook_endpoints (
    id text NOT NULL COLLATE pg_catalog."C",
    scope bigint NOT NULL,
    url text NOT NULL COLLATE pg_catalog."C",
    secret bytea NOT NULL,
    created_at bigint NOT NULL,
    disabled_at bigint
);
INSERT INTO api_keys VALUES
	('iimm_prod_c12dnshrswb0s8w604hdabwy', 3, '\x0100000001e72a30210ce3951f2896618b632f5067955789dc82495849b29ad9c20eb842dd16a1caf1f9191eee29a6936c2809b572e81711208c43a2bd080ac93b3b7cbfc21791b093374f81f6a4c21db512419647b2e41558c8750f70', '', 1795270768541, NULL);
INSERT INTO attempts VALUES
	('msg_01m7z7kymt56m1334a9z43efpw', 1, 1795270769322, 'done', 'written');
INSERT INTO cases VALUES
	('cs_01m7z7kymtc227cez404n6wfvr', 3, 1, 'received', '', 1795270769306, 1795270769306, 'R-1', 0, NULL, 'buyer@example.test', 'iimm_prod_c12dnshrswb0s8w604hdabwy', 'intake', '', NULL, NULL, 1, '\x4954281801b82979b43f2e0eb32ac925106526f0c9359cfb512c9b4a0cb9aad3');
INSERT INTO nonces VALUES
	(29921179, '\xbfe17bd6a4e3f0c544fc0779f0f69171');
INSERT INTO notes VALUES
	('cs_01m7z7kymtc227cez404n6wfvr', 1, 1795270769306, 'iimm_prod_c12dnshrswb0s8w604hdabwy', 'report', '', '\xc4645e356fe4e62c2e67e35fff91bf9d12cc30c42038ab24e88b08179ca1df87', '\x0000000000000000000000000000000000000000000000000000000000000000', '\x4954281801b82979b43f2e0eb32ac925106526f0c9359cfb512c9b4a0cb9aad3', '\x8d56b5feb1fd8a28ffca64f36547e668', '\x746f3a206275796572406578616d706c652e746573740a63617465676f72793a200a0a5061696420616e64206e6f742063726564697465643a207a61c5bcc3b3c582c4872067c499c59b6cc485206a61c5bac584', 0, 1);
INSERT INTO outbox VALUES
	('msg_01m7z7kymtpytn2pvawzzmm58p', 3, 'cs_01m7z7kymtc227cez404n6wfvr', 1795270769306, 'event', 'event-1', '{"kind":"case.opened","refid":"R-1","trxid":"T-1","stage":"received","fact":"","version":1}', NULL, NULL, 1, 1795270769306, 0, 1),
	('msg_01m7z7kymt56m1334a9z43efpw', 3, 'cs_01m7z7kymtc227cez404n6wfvr', 1795270769306, 'mail', 'acknowledge-1', '{}', NULL, NULL, 1, 1795270769306, 0, 1);
INSERT INTO payments VALUES
	(3, 'R-1', 'T-1', 'TNB', '220001234513', 1250, 'MYR', 2, 1767607872000, 1767607870000, 'tnb', ''),
	(3, 'R-2', 'T-2', 'TNB', '220001234513', 1250, 'MYR', 3, 1767607872000, 1767607870000, 'tnb', ''),
	(3, 'R-3', 'T-3', 'TNB', '220001234513', 1250, 'MYR', 2, 1767607872000, 1767607870000, 'tnb', '');
INSERT INTO quotas VALUES
	('\x0f58eda01e3fe9f457a49472e4813992d81982b7ab7bd1eecf803a05469e5c02', 1795305600000, 1),
	('\x4528a1020e0c4ba391c65c015dc5b32d3ade11d14edd9685ec91f6506c1dc410', 1795305600000, 1);
INSERT INTO saved_keys VALUES
	(3, 'iimm_prod_c12dnshrswb0s8w604hdabwy:8bab22c4-27df-4c2b-a62e-f322442eac9b', '\x2fa0599d177a2640ce9f6a7f3378858ab87dc632b79d704c0abdf89815a13d4c', 'reported-1', '{"case":"cs_01m7z7kymtc227cez404n6wfvr","refid":"R-1"}', 1795270769306);
INSERT INTO schema_compat VALUES
	(1, 1);
INSERT INTO schema_steps VALUES
	(1, 'skeleton', 'b0de26125e99d16a8eb033146c3161cc593d5efd63519604fb0d7686f802d59a', 1795270768401);
INSERT INTO seal_heads VALUES
	(1, 'cs_01m7z7kymtc227cez404n6wfvr', 1, '\x4954281801b82979b43f2e0eb32ac925106526f0c9359cfb512c9b4a0cb9aad3');
INSERT INTO seals VALUES
	(1, 1795270769331, 1, '\x4e1c7cad8b85d5f214f3d4fbd790f943dfd1f9a63eaf1efe0bc7293ee3c27ba6', '\x0000000000000000000000000000000000000000000000000000000000000000', 'audit-1', '\xf70c34295d4be10a9f300fd8ac26c4246cb81cc72967525ac7937402acd3c547039ab5d7b3cb91e6c846d7ddeb9b87f11ecdd50331360ae8b6e493af6df2920f');
INSERT INTO tenants VALUES
	(1, 'acme', 'acme', 'ops@acme.example', 0, 1795270768476);
INSERT INTO tokens VALUES
	('\x1e40c57ecfd5bdfa72f2619fa65273054ecc2962c5e11a4c1db390737bfdf00d', 3, 'agent', 'ann@acme.example', 1795270768572, 2110630768572, NULL);
INSERT INTO webhook_endpoints VALUES
	('ep_01m7z7kyfgphxq6x2jqhe3rn8b', 3, 'https://acme.example/hooks', '\x010000000137e8bf99c80f50611dfab47f09f4d0910c21edca1e57115ed8577b6bda5134ecc0456438bdcb16de48ad29eca86aabdc457365c233b83f8646556bd6e9ff789a21893bd0efe95c7ccccda11b8d1640a2c610f23d880d5de002e3bee7c5bc', 1795270769136, 1795270769178);
ALTER TABLE ONLY api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);
ALTER TABLE ONLY attempts
    ADD CONSTRAINT attempts_pkey PRIMARY KEY (message_id, number);
ALTER TABLE ONLY cases
    ADD CONSTRAINT cases_pkey PRIMARY KEY (id);
ALTER TABLE ONLY logins
    ADD CONSTRAINT logins_pkey PRIMARY KEY (username);
ALTER TABLE ONLY nonces
    ADD CONSTRAINT nonces_pkey PRIMARY KEY (minute, digest);
ALTER TABLE ONLY notes
    ADD CONSTRAINT notes_pkey PRIMARY KEY (case_id, seq);
ALTER TABLE ONLY outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);
ALTER TABLE ONLY payments
    ADD CONSTRAINT payments_pkey PRIMARY KEY (scope, refid);
ALTER TABLE ONLY quotas
    ADD CONSTRAINT quotas_pkey PRIMARY KEY (ends_at, subject);
ALTER TABLE ONLY refresh_tokens
    ADD CONSTRAINT refresh_tokens_pkey PRIMARY KEY (digest);
ALTER TABLE ONLY saved_keys
    ADD CONSTRAINT saved_keys_pkey PRIMARY KEY (scope, key);
ALTER TABLE ONLY schema_compat
    ADD CONSTRAINT schema_compat_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY schema_steps
    ADD CONSTRAINT schema_steps_pkey PRIMARY KEY (number);
ALTER TABLE ONLY seal_heads
    ADD CONSTRAINT seal_heads_pkey PRIMARY KEY (seal, case_id);
ALTER TABLE ONLY seals
    ADD CONSTRAINT seals_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY tenants
    ADD CONSTRAINT tenants_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tenants
    ADD CONSTRAINT tenants_slug_key UNIQUE (slug);
ALTER TABLE ONLY tokens
    ADD CONSTRAINT tokens_pkey PRIMARY KEY (digest);
ALTER TABLE ONLY webhook_endpoints
    ADD CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (id);
CREATE UNIQUE INDEX cases_payment ON cases USING btree (scope, refid, slot);
CREATE INDEX notes_unsealed ON notes USING btree (case_id, seq) WHERE (seal = 0);
CREATE INDEX outbox_case ON outbox USING btree (case_id);
CREATE INDEX outbox_waiting ON outbox USING btree (due, id) WHERE (state = 0);
CREATE UNIQUE INDEX payments_trxid ON payments USING btree (scope, trxid) WHERE (trxid <> ''::text);
CREATE INDEX saved_keys_at ON saved_keys USING btree (at);
CREATE INDEX webhook_endpoints_scope ON webhook_endpoints USING btree (scope);
ALTER TABLE ONLY refresh_tokens
    ADD CONSTRAINT refresh_tokens_username_fkey FOREIGN KEY (username) REFERENCES logins(username);
ALTER TABLE ONLY seal_heads
    ADD CONSTRAINT seal_heads_seal_fkey FOREIGN KEY (seal) REFERENCES seals(seq);

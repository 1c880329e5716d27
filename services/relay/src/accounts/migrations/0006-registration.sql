-- Who comes in by an invitation, and who by single sign-on.

create table invites (
  id uuid primary key default gen_random_uuid(),
  -- SHA-256 of the token.
  token_hash bytea not null,
  -- Whom it is for; null: whoever has it.
  email text,
  created_by uuid not null references users on delete cascade,
  created_at timestamptz not null,
  -- It goes when it is used, or then.
  expires_at timestamptz not null
);

create index invites_expires_at on invites (expires_at);

-- A user as their provider knows them (OpenID Connect). The address may change there; issuer and subject do not.
create table identities (
  issuer text not null,
  subject text not null,
  user_id uuid not null references users on delete cascade,
  created_at timestamptz not null,
  primary key (issuer, subject)
);

create index identities_user_id on identities (user_id);

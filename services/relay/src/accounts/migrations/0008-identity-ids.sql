-- An identity as a thing of its own, which its user lists and takes away: a name for it beside issuer and subject.

alter table identities add column id uuid not null default gen_random_uuid();

create unique index identities_id on identities (id);

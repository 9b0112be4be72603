-- A POST to the admin API that came with an Idempotency-Key: who repeats it within a day gets the answer that
-- was kept, sealed because answers hold Stripe's client secrets. Below the scope of an agency, or of the platform.
create table admin_request (
  scope       text not null,
  key         text not null check (length(key) between 1 and 255),
  fingerprint bytea not null,
  request_id  text not null,
  attempt     integer not null default 1,
  lease_until timestamptz not null,
  status      integer,
  body        bytea,
  created_at  timestamptz not null,
  primary key (scope, key)
);
create index admin_request_by_age on admin_request (created_at);
grant select, insert, update, delete on admin_request to tallygate_system;

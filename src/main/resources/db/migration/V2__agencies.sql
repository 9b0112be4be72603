create table agency (
  id         text primary key,
  name       text not null,
  status     text not null default 'active' check (status in ('active', 'suspended')),
  rebilling  text not null default 'enabled' check (rebilling in ('enabled', 'disabled')),
  time_zone  text not null default 'UTC',
  created_at timestamptz not null default now()
);

-- Only the SHA-256 of a token is kept: it has more entropy than the hash.
create table admin_token (
  id         text primary key,
  agency_id  text not null references agency,
  name       text not null,
  role       text not null default 'owner' check (role in ('owner', 'billing', 'support')),
  sha256     bytea not null unique,
  last4      text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz
);

-- One Stripe account an agency; its key is sealed with the agency's id as associated data.
create table stripe_connection (
  agency_id        text primary key references agency,
  account_id       text not null,
  account_name     text,
  livemode         boolean not null,
  default_currency text,
  key_kind         text not null check (key_kind in ('restricted', 'secret')),
  sealed_key       bytea not null,
  secret_key_last4 text not null,
  publishable_key  text,
  permissions      text not null default '[]',
  delivery         text not null default 'running' check (delivery in ('running', 'paused')),
  paused_by        text check (paused_by in ('operator', 'stripe')),
  paused_reason    text,
  paused_at        timestamptz,
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now()
);

create table provider (
  id                    text primary key,
  agency_id             text not null references agency,
  name                  text not null,
  kind                  text not null check (kind in ('openai', 'anthropic', 'gemini', 'openai_compatible', 'azure_openai')),
  base_url              text not null,
  sealed_key            bytea not null,
  api_key_last4         text not null,
  models                text[] not null default '{}',
  is_default            boolean not null default false,
  timeout_ms            integer not null default 600000 check (timeout_ms between 1000 and 3600000),
  supports_stream_usage boolean not null default true,
  created_at            timestamptz not null default now(),
  deleted_at            timestamptz
);
create index provider_of_agency on provider (agency_id, created_at);

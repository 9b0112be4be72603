-- The ledger: one immutable line an exchange, and lines of their own kind for what is carried, rounded
-- or corrected. The id repeats the request's time-ordered body (req_X has led_X), so the primary key
-- is also "one line a request", and partitions by the id are partitions by time.
create table ledger (
  id                  text not null,
  kind                text not null default 'exchange' check (kind in ('exchange', 'carry', 'round_up', 'drop', 'adjustment', 'test')),
  request_id          text,
  agency_id           text not null,
  client_id           text not null,
  epoch               integer not null,
  channel_id          text,
  provider_id         text,
  model               text,
  api                 text,
  status              text not null check (status in ('billed', 'free', 'estimated')),
  input_tokens        bigint,
  cached_input_tokens bigint,
  cache_write_tokens  bigint,
  output_tokens       bigint,
  reasoning_tokens    bigint,
  total_tokens        bigint,
  messages            smallint not null default 0,
  quantity            bigint not null,
  charge_by           text not null,
  total_before        bigint not null,
  total_after         bigint not null,
  units               bigint not null,
  occurred_at         timestamptz not null,
  http_status         integer,
  streamed            boolean not null default false,
  client_disconnected boolean not null default false,
  provider_request_id text,
  duration_ms         bigint,
  ttft_ms             bigint,
  instance            text,
  note                text,
  recorded_at         timestamptz not null default now(),
  primary key (id)
) partition by range (id);

create index ledger_of_account on ledger (client_id, epoch, total_after);
create index ledger_of_agency on ledger (agency_id, id);
create index ledger_of_client_by_time on ledger (client_id, occurred_at);

-- An id's first ten characters after the prefix are its milliseconds since 1970 in Crockford's base 32.
create function id_at(prefix text, at timestamptz) returns text language plpgsql immutable strict as $$
declare
  digits constant text := '0123456789abcdefghjkmnpqrstvwxyz';
  rest bigint := floor(extract(epoch from at) * 1000);
  body text := '';
begin
  for i in 1..10 loop
    body := substr(digits, (rest % 32)::int + 1, 1) || body;
    rest := rest / 32;
  end loop;
  return prefix || body;
end
$$;

create table ledger_other partition of ledger default;

-- One partition a month, made three months ahead; called at start and daily.
create function ensure_ledger_partitions(from_month timestamptz) returns void language plpgsql security definer
  set search_path from current as $$
declare
  month timestamptz := date_trunc('month', from_month at time zone 'UTC') at time zone 'UTC';
  next_month timestamptz;
begin
  for i in 0..3 loop
    next_month := (month at time zone 'UTC' + interval '1 month') at time zone 'UTC';
    execute format('create table if not exists %I partition of ledger for values from (%L) to (%L)',
      'ledger_' || to_char(month at time zone 'UTC', 'YYYY_MM'), id_at('led_', month), id_at('led_', next_month));
    month := next_month;
  end loop;
end
$$;
select ensure_ledger_partitions(now());

-- The running totals. An account is raised only by a fold of new ledger lines, in the same transaction.
create table account (
  client_id text not null,
  epoch     integer not null,
  agency_id text not null,
  divisor   bigint not null,
  lane_id   bigint references lane,
  total     bigint not null default 0,
  crossed   bigint not null default 0,
  cut       bigint not null default 0 check (cut <= crossed),
  version   bigint not null default 0,
  primary key (client_id, epoch)
);
create index account_due on account (lane_id) where lane_id is not null and crossed > cut;

-- Where the crossings of an account fell: a meter event never reaches across buckets.
create table bucket (
  client_id        text not null,
  epoch            integer not null,
  hour             timestamptz not null,
  period_start     timestamptz not null default '-infinity',
  agency_id        text not null,
  crossed          bigint not null,
  cut              bigint not null default 0 check (cut <= crossed),
  last_crossing_at timestamptz not null,
  primary key (client_id, epoch, hour, period_start)
);
create index bucket_due on bucket (client_id, epoch, hour) where crossed > cut;

-- A line that the ledger refuses for itself: kept whole, without constraints, for a person to look at.
create table raw_entry (
  id          bigint generated always as identity primary key,
  entry       text,
  error       text,
  received_at timestamptz not null default now()
);

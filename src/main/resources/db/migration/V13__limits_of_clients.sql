-- What a client may use: caps in thousandths a period, rates in whole requests and tokens a minute.
alter table client
  add column cap_soft bigint check (cap_soft > 0),
  add column cap_hard bigint check (cap_hard > 0),
  add column requests_per_minute bigint check (requests_per_minute > 0),
  add column tokens_per_minute bigint check (tokens_per_minute > 0),
  add constraint soft_cap_below_hard check (cap_soft <= cap_hard);

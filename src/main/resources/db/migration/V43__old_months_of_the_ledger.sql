-- Months of the ledger that ended before this time become tables of their own, with all their lines; only their owner reads
-- them. Gives their names.
create function detach_ledger_partitions(before timestamptz) returns setof text language plpgsql security definer
  set search_path from current set lock_timeout = '2s' as $$
declare
  partition text;
begin
  for partition in
    select c.relname
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'ledger'::regclass and c.relname ~ '^ledger_\d{4}_\d{2}$'
      and to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month' <= before at time zone 'UTC'
    order by 1
  loop
    execute format('alter table ledger detach partition %I', partition);
    return next partition;
  end loop;
end
$$;
revoke execute on function detach_ledger_partitions(timestamptz) from public;
grant execute on function detach_ledger_partitions(timestamptz) to tallygate_system;

-- The period that an exchange belongs to, fixed with its entry. Lines of versions that knew no periods have none, and
-- belong to the UTC month in which they occurred.
alter table ledger add column period_start timestamptz;

-- The trace that a job goes on with: a `traceparent` and, behind a space, a `tracestate`. Most jobs have none.
ALTER TABLE jobs ADD COLUMN trace_context TEXT;

// The codes of `reason` and of `error`, in words. Those that a problem has too are called by its title.

const WORDS = {
  // why it waits, or is stopped
  queued: "Waits for its turn",
  retry: "Is to be tried again",
  retry_delay: "An attempt failed; it is tried again soon",
  no_worker: "No worker is alive; it starts when one is",
  worker_loading: "No worker is ready yet",
  batch_cancelled: "Its batch was cancelled; it is about to end",
  store_full: "The store is nearly full; erase what is no longer needed",
  readers_busy: "Other pictures are read before it",
  cancel_requested: "Is being stopped",
  // why it was cancelled
  requested: "Cancelled because somebody asked",
  deleted: "Its batch was erased",
  upload_broken: "The upload broke off",
  upload_abandoned: "The upload was never finished",
  // why it failed
  invalid_output: "The answer does not validate",
  truncated_output: "The answer was cut off at the limit of tokens",
  not_printed: "Values have to stand in the document, and it prints none that fit",
  context_exceeded: "The schema or the document is too long for the model",
  deadline_exceeded: "It took longer than it may",
  poison: "Every attempt ended with its worker's death or an error of the engine",
  expired: "It was not begun or ended in time",
  invalid_options: "The worker does not know an option",
  unknown_schema: "No schema has this name",
  invalid_schema: "The JSON Schema cannot be used",
  schema_too_complex: "The JSON Schema takes too much time or memory",
  unsupported_media_type: "The media type is not accepted",
  empty_document: "The document is empty",
  binary_document: "The document is of no known kind",
  password_required: "The document needs a password",
  password_wrong: "The password does not open the document",
  undecodable_document: "The document is not in the encoding it claims",
  unreadable_document: "The document is damaged",
  document_too_complex: "The document takes too much time or memory to read",
  internal_error: "Something broke in the service",
};

/** A code that is not known, of a newer service perhaps, is shown as it is. */
export const inWords = (code) => (code ? (WORDS[code] ?? code) : "");

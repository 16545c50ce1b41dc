interface FormFootProps {
  /** Why the last try failed. */
  readonly error: string | null;
  /** What the form does, as a verb. */
  readonly act: string;
  readonly isSending: boolean;
  readonly onClose: () => void;
}

/** The end of a form in a dialog: what went wrong, and the buttons. */
export function FormFoot({ error, act, isSending, onClose }: FormFootProps) {
  return (
    <>
      {error !== null && (
        <p class="bad-text" role="alert">
          {error}
        </p>
      )}
      <div class="acts">
        <button type="button" class="btn" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" class="btn primary" disabled={isSending}>
          {act}
        </button>
      </div>
    </>
  );
}

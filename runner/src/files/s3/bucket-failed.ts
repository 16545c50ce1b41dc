import { Transient } from "../../domain/errors.ts";
import { CONTENTS_UNAVAILABLE } from "../../ports/file-contents.ts";

/** Why a request to the bucket failed. The message is for the operator. */
export class BucketFailed extends Transient {
  /** The code of S3's error, of the network's, or the HTTP status. */
  readonly s3Code: string;
  readonly status: number | null;
  /** Whether the same request can succeed soon. */
  readonly isPassing: boolean;

  constructor(
    message: string,
    failure: { readonly s3Code: string; readonly status?: number; readonly isPassing: boolean },
    options?: ErrorOptions,
  ) {
    super(CONTENTS_UNAVAILABLE, message, options);
    this.s3Code = failure.s3Code;
    this.status = failure.status ?? null;
    this.isPassing = failure.isPassing;
  }
}

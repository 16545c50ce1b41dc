/** What the plugin and the thread that reads the PDF send each other. */

export interface Task {
  readonly bytes: Uint8Array;
  readonly password: string | null;
  /** Page numbers to read, or null for all. */
  readonly ranges: readonly (readonly [number, number])[] | null;
  readonly layout: boolean;
  readonly maxPages: number;
  readonly maxCharacters: number;
}

export interface PageText {
  readonly page: number;
  readonly text: string;
  readonly isScanned: boolean;
  readonly isUnreadable: boolean;
  readonly width: number;
  readonly height: number;
  readonly error: string | null;
}

export interface Metadata {
  readonly title: string | null;
  readonly author: string | null;
  readonly subject: string | null;
  readonly keywords: string | null;
  readonly creator: string | null;
  readonly producer: string | null;
  readonly createdAt: string | null;
  readonly modifiedAt: string | null;
  readonly pdfVersion: string | null;
}

export type Report =
  | {
      readonly type: "open";
      readonly pageCount: number;
      readonly selected: number;
      readonly metadata: Metadata;
    }
  | { readonly type: "page"; readonly page: PageText }
  | { readonly type: "end"; readonly truncated: "maxPages" | "maxCharacters" | null }
  | { readonly type: "error"; readonly name: string; readonly message: string };

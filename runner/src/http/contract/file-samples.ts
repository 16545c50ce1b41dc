export const SAMPLE_FILE = {
  fileId: "file_01k9zr00000000000000000000",
  name: "people.csv",
  type: "text/csv",
  size: 2048,
  sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
  jobId: null,
  createdAt: "2026-11-23T09:30:00.000Z",
  expiresAt: "2026-11-30T09:30:00.000Z",
  url: "http://127.0.0.1:8787/v1/files/file_01k9zr00000000000000000000/content?exp=1796031000&sig=3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
};

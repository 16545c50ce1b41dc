/** What an endpoint says of the client certificate, by the number of its TLS alert (RFC 8446 §6.2). */
const REASONS: Readonly<Record<string, string>> = {
  40: "the endpoint refused the connection, and may require a client certificate",
  42: "the endpoint did not accept the client certificate",
  43: "the endpoint does not support the type of the client certificate",
  44: "the authority has revoked the client certificate",
  45: "the client certificate has expired, or is not valid yet",
  46: "the endpoint did not accept the client certificate",
  48: "the endpoint does not trust the authority of the client certificate",
  49: "the endpoint knows the client certificate, but does not allow it",
  116: "the endpoint requires a client certificate",
};

/** Puts the reason in words before a message of OpenSSL. Other messages are returned as they are. */
export function explainAlert(message: string): string {
  const [, alert = ""] = /SSL alert number (\d+)/.exec(message) ?? [];
  const reason = REASONS[alert];
  return reason === undefined ? message : `${reason}: ${message}`;
}

import { session } from "./api/session.ts";
import { Confirmation } from "./parts/confirm.tsx";
import { Toasts } from "./parts/toasts.tsx";
import { Login } from "./shell/login.tsx";
import { Shell } from "./shell/shell.tsx";

export function App() {
  const who = session.value;
  if (who === undefined) return null;
  return (
    <>
      {who === null ? <Login /> : <Shell />}
      <Toasts />
      <Confirmation />
    </>
  );
}

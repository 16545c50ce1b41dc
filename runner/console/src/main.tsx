import { render } from "preact";
import { openSession } from "./api/session.ts";
import { startStatus } from "./api/status.ts";
import { App } from "./app.tsx";
import { startLive } from "./live/stream.ts";
import { applyTheme } from "./preferences/theme.ts";

applyTheme();
startLive();
startStatus();
void openSession();
const root = document.querySelector("#console");
if (root !== null) render(<App />, root);

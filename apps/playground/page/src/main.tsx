import { render } from "preact";
import { App } from "./app.tsx";
import { createSession } from "./model/session.ts";
import "./style/base.css";
import "./style/bar.css";
import "./style/cluster.css";
import "./style/board.css";
import "./style/machine.css";

render(<App session={createSession()} />, document.body);

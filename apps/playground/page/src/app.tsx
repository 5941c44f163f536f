import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { Bar } from "./bar.tsx";
import { Board } from "./board/board.tsx";
import { Cluster } from "./cluster/cluster.tsx";
import { Inspector } from "./inspector.tsx";
import { Intro } from "./intro.tsx";
import { Machine } from "./machine/machine.tsx";
import type { Session, View } from "./model/session.ts";
import { Transcript } from "./transcript.tsx";

export function App({ session }: { session: Session }): JSX.Element {
  const view = useView(session);
  const { board, system, transcript } = view.state ?? {};
  const { history } = view;
  // What its slice did not reach is not rendered again.
  return (
    <>
      <Bar session={session} view={view} />
      <Intro />
      {view.isCluster && <Cluster status={view.status.status} answer={view.answer} />}
      <main>
        {useMemo(
          () => (
            <Board board={board} change={session.change} />
          ),
          [board, session],
        )}
        {useMemo(
          () => (
            <Machine system={system} history={history} />
          ),
          [system, history],
        )}
        {useMemo(
          () => (
            <Transcript transcript={transcript} />
          ),
          [transcript],
        )}
        <Inspector client={session.inspected} />
      </main>
    </>
  );
}

function useView(session: Session): View {
  const [view, setView] = useState(() => session.getView());
  useEffect(() => {
    const update = (): void => setView(session.getView());
    update();
    return session.subscribe(update);
  }, [session]);
  return view;
}

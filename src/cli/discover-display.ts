import type { FoundCamera } from './discover-camera.ts';
import type { SearchObserver } from './discover-search.ts';
import { counted, LiveBlock, plainLine, tableLines } from './discover-table.ts';

/** Shows a search while it goes on. */
export interface Display extends SearchObserver {
  end(cameras: readonly FoundCamera[]): void;
  /** In place of `end`. */
  failed(): void;
}

const REDRAW_INTERVAL_MS = 200;

/** For programs: nothing before the result. */
export function jsonDisplay(): Display {
  const nothing = (): void => undefined;
  return {
    started: nothing,
    progress: nothing,
    found: nothing,
    end: (cameras) => process.stdout.write(`${JSON.stringify(cameras)}\n`),
    failed: nothing,
  };
}

/** For pipes and logs: a line for each camera once all is known of it. */
export function plainDisplay(): Display {
  return {
    started: (where) => process.stderr.write(`Searching ${where} ...\n`),
    progress: () => undefined,
    found: (camera, complete) => {
      if (complete) process.stdout.write(`${plainLine(camera)}\n`);
    },
    end: () => undefined,
    failed: () => undefined,
  };
}

/** For terminals: a table that fills. */
export function liveDisplay(terminal: { write(text: string): unknown; columns: number; rows: number }): Display {
  const block = new LiveBlock(terminal);
  const cameras = new Map<string, FoundCamera>();
  let where = '';
  let progress = '';
  const draw = (): void => {
    const status = [`Searching ${where}`, progress, `${counted(cameras.size, 'camera')} found`];
    block.draw([...tableLines([...cameras.values()]), status.filter((part) => part !== '').join(', ')]);
  };
  let redraw: NodeJS.Timeout | undefined;
  return {
    started: (place) => {
      where = place;
      draw();
      redraw = setInterval(draw, REDRAW_INTERVAL_MS);
    },
    progress: (text) => {
      progress = text;
    },
    found: (camera) => {
      cameras.set(camera.endpointReference, camera);
    },
    end: (final) => {
      clearInterval(redraw);
      block.finish(tableLines(final));
    },
    failed: () => clearInterval(redraw),
  };
}

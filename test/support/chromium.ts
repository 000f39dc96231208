import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type BrowserContextOptions } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';

const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
];

export interface Browser {
  context: BrowserContext;
  /** Ends the browser and deletes its profile. */
  close(): Promise<void>;
}

interface LaunchOptions {
  /** What it is run by, such as `ip netns exec NAME`. */
  prefix?: readonly string[];
  /** Further flags. */
  args?: readonly string[];
}

/**
 * Debian's Chromium, which decodes H.264, with a profile of its own that is deleted at the end.
 *
 * @throws Error that names the package to install when Chromium is missing.
 */
export async function launchChromium(
  options: Pick<BrowserContextOptions, 'viewport' | 'colorScheme' | 'reducedMotion' | 'ignoreHTTPSErrors'> = {},
  { prefix = [], args = [] }: LaunchOptions = {},
): Promise<Browser> {
  if (!existsSync(CHROMIUM)) {
    throw new Error(`This test needs a real browser and found no ${CHROMIUM}. Install it: apt-get install chromium`);
  }
  const profile = await mkdtemp(join(tmpdir(), 'chromium-'));
  const remove = (): Promise<void> => rm(profile, { recursive: true, force: true, maxRetries: 5 });
  try {
    const context = await chromium.launchPersistentContext(join(profile, 'profile'), {
      executablePath: await executable(profile, prefix),
      args: [...FLAGS, ...args],
      headless: true,
      ...options,
    });
    return {
      context,
      close: async () => {
        await context.close();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Playwright runs one file. */
async function executable(folder: string, prefix: readonly string[]): Promise<string> {
  if (prefix.length === 0) return CHROMIUM;
  const script = join(folder, 'chromium');
  await writeFile(script, `#!/bin/sh\nexec ${prefix.join(' ')} ${CHROMIUM} "$@"\n`, { mode: 0o755 });
  return script;
}

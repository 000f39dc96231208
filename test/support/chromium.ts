import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
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

/**
 * Debian's Chromium, which decodes H.264, with a profile of its own that is deleted at the end.
 *
 * @throws Error that names the package to install when Chromium is missing.
 */
export async function launchChromium(
  options: Pick<BrowserContextOptions, 'viewport' | 'colorScheme' | 'reducedMotion'> = {},
): Promise<Browser> {
  if (!existsSync(CHROMIUM)) {
    throw new Error(`This test needs a real browser and found no ${CHROMIUM}. Install it: apt-get install chromium`);
  }
  const profile = await mkdtemp(join(tmpdir(), 'chromium-'));
  const remove = (): Promise<void> => rm(profile, { recursive: true, force: true, maxRetries: 5 });
  try {
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: CHROMIUM,
      args: FLAGS,
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

/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { chromium, selectors, type Locator, type Page } from 'playwright-core';
import type { Session } from './n8n-client.mts';
import { until } from './until.mts';

export type { Locator, Page };

/** Chromium's sandbox does not run as root or in most containers. n8n's pages are trusted. */
const ARGS = [
	'--no-sandbox',
	'--disable-gpu',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync',
	'--no-first-run',
	'--font-render-hinting=none',
];

const QUIET_MS = 500;

/** n8n's editor in a real browser, with the owner signed in. */
export interface Editor {
	/** Opens a workflow on the canvas, or one of its nodes. */
	open(workflowId: string, nodeId?: string): Promise<Page>;
	/** Waits until every request has been answered and no new one has followed. */
	untilQuiet(page: Page): Promise<void>;
	close(): Promise<void>;
}

export async function openEditor(baseUrl: string, { cookie }: Session): Promise<Editor> {
	selectors.setTestIdAttribute('data-test-id');
	const browser = await chromium.launch({ executablePath: chromiumPath(), args: ARGS });
	const context = await browser.newContext({ viewport: { width: 1280, height: 760 } });
	const [name = '', value = ''] = cookie.split('=');
	await context.addCookies([{ name, value, url: baseUrl }]);
	// n8n accepts the session only from the browser that signed in.
	await context.addInitScript(() => localStorage.setItem('n8n-browserId', 'playground-tests'));
	const traffic = new Map<Page, { open: number; lastAt: number }>();

	function watch(page: Page): void {
		const seen = { open: 0, lastAt: Date.now() };
		const count = (change: number) => () => {
			seen.open += change;
			seen.lastAt = Date.now();
		};
		page.on('request', count(1));
		page.on('requestfinished', count(-1));
		page.on('requestfailed', count(-1));
		traffic.set(page, seen);
	}

	return {
		untilQuiet: async (page) => {
			await until('the page asks n8n for nothing', async () => {
				const seen = traffic.get(page);
				return seen?.open === 0 && Date.now() - seen.lastAt > QUIET_MS;
			});
		},
		open: async (workflowId, nodeId) => {
			const page = await context.newPage();
			watch(page);
			await page.goto([baseUrl, 'workflow', workflowId, nodeId].filter(Boolean).join('/'));
			await page
				.getByTestId(nodeId ? 'node-parameters' : 'canvas-node')
				.first()
				.waitFor();
			return page;
		},
		close: () => browser.close(),
	};
}

/** Opens n8n's list of nodes. */
export async function openNodeList(page: Page): Promise<void> {
	await page.getByTestId('node-creator-plus-button').click();
}

/** Searches the open list. Resolves to the names of the nodes in it. */
export async function searchNodes(page: Page, words: string): Promise<Locator> {
	const search = page.getByTestId('node-creator-search-bar');
	// Empties the list first, so that the next nodes in it match the words.
	await search.fill('no node has these words');
	await page.getByTestId('node-creator-no-results').waitFor();
	await search.fill(words);
	return page.getByTestId('node-creator-item-name');
}

/** Adds Run Job from the list of nodes, which opens its panel. */
export async function addRunJob(page: Page): Promise<void> {
	await openNodeList(page);
	const names = await searchNodes(page, 'run job');
	await names.getByText('Run Job', { exact: true }).click();
	await page.getByText('Run a job and wait for its result').click();
	await page.getByTestId('resource-locator-plugin').waitFor();
}

/** Returns what is red in the open panel: texts, icons and borders. */
export function readRed(page: Page): Promise<string[]> {
	return page.evaluate(() => {
		const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
		const isRed = (color: string) => {
			if (canvas === null) throw new Error('Chromium has no canvas');
			canvas.clearRect(0, 0, 1, 1);
			canvas.fillStyle = color;
			canvas.fillRect(0, 0, 1, 1);
			const [red = 0, green = 0, blue = 0, alpha = 0] = canvas.getImageData(0, 0, 1, 1).data;
			const others = [green, blue];
			// Orange, n8n's own color, has much more green than blue.
			return alpha > 0 && red - Math.max(...others) > 80 && Math.abs(green - blue) < 60;
		};
		const isVisible = (part: Element, { visibility }: CSSStyleDeclaration) =>
			visibility === 'visible' && part.getBoundingClientRect().width > 0;
		const hasOwnText = (part: Element) =>
			[...part.childNodes].some(
				({ nodeType, textContent }) => nodeType === 3 && textContent?.trim(),
			);

		const parts = document.querySelectorAll<HTMLElement>('[data-test-id=node-parameters] *');
		return [...parts]
			.filter((part) => {
				const style = getComputedStyle(part);
				const colors: string[] = [];
				if (hasOwnText(part) || part.tagName === 'svg') colors.push(style.color);
				if (parseFloat(style.borderTopWidth) > 0) colors.push(style.borderTopColor);
				return isVisible(part, style) && colors.some(isRed);
			})
			.map((part) => part.innerText?.trim() || part.tagName);
	});
}

/** Saves a screenshot in the folder SCREENSHOTS, if that is set. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
	const folder = process.env.SCREENSHOTS;
	if (!folder) return;
	mkdirSync(folder, { recursive: true });
	// Nothing should show as under the mouse.
	await page.mouse.move(0, 0);
	await page.screenshot({ path: path.join(folder, `${name}.png`) });
}

function chromiumPath(): string {
	const executable = process.env.CHROMIUM || '/usr/bin/chromium';
	if (existsSync(executable)) return executable;
	throw new Error(
		`There is no Chromium at ${executable}: install it (apt-get install chromium), or set CHROMIUM to its path.`,
	);
}

/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { installBrowser } from '../install.mts';
import type { Session } from './n8n-client.mts';
import { until } from './until.mts';

/** The parts of Playwright that the tests use. It is installed with n8n, not with the package. */
export interface Locator {
	click(): Promise<void>;
	fill(text: string): Promise<void>;
	waitFor(): Promise<void>;
	allInnerTexts(): Promise<string[]>;
	first(): Locator;
	getByTestId(id: string): Locator;
	getByText(text: string, options?: { exact: boolean }): Locator;
}

export interface Page extends Pick<Locator, 'getByTestId' | 'getByText'> {
	goto(url: string): Promise<unknown>;
	evaluate<T>(script: () => T): Promise<T>;
	mouse: { move(x: number, y: number): Promise<void> };
	screenshot(options: { path: string }): Promise<unknown>;
	on(event: 'request' | 'requestfinished' | 'requestfailed', listener: () => void): void;
	close(): Promise<void>;
}

interface BrowserContext {
	addCookies(cookies: object[]): Promise<void>;
	addInitScript(script: () => void): Promise<void>;
	newPage(): Promise<Page>;
}

interface Browser {
	newContext(options: object): Promise<BrowserContext>;
	close(): Promise<void>;
}

interface Playwright {
	chromium: { launch(options: object): Promise<Browser> };
	selectors: { setTestIdAttribute(name: string): void };
}

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
	const { playwright, chromium: executablePath } = installBrowser();
	const { chromium, selectors } = (await import(playwright)) as Playwright;
	selectors.setTestIdAttribute('data-test-id');
	// Chromium's sandbox does not run as root or in most containers. n8n's pages are trusted.
	const args = ['--no-sandbox', '--font-render-hinting=none'];
	const browser = await chromium.launch({ executablePath, args });
	const context = await browser.newContext({ viewport: { width: 1280, height: 760 } });
	const [name, value] = cookie.split('=');
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

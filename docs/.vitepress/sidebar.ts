/** The pages by what a reader wants. site.test.ts checks that each page is here once. */
import type { DefaultTheme } from "vitepress";

export const SIDEBAR: DefaultTheme.SidebarItem[] = [
  {
    text: "Start",
    items: [
      { text: "Your first job", link: "/tutorial/first-job" },
      { text: "How it compares", link: "/explanation/comparison" },
      { text: "How it works", link: "/explanation/how-it-works" },
    ],
  },
  {
    text: "Use it",
    items: [
      { text: "With n8n's Webhook node", link: "/guides/n8n-webhook-node" },
      { text: "With Make", link: "/guides/make" },
      { text: "With AI agents", link: "/guides/ai-agents" },
      { text: "The built-in plugins", link: "/guides/built-in-plugins" },
      { text: "Files", link: "/guides/files" },
      { text: "Receive webhooks", link: "/guides/webhooks" },
      { text: "Run jobs on a schedule", link: "/guides/schedules" },
      { text: "Retry steps that fail", link: "/guides/retry-steps" },
      { text: "Limit how many jobs run", link: "/guides/limit-jobs" },
      { text: "Run one job instead of many", link: "/guides/deduplicate-jobs" },
      { text: "Find jobs, act on many", link: "/guides/find-and-act-on-jobs" },
      { text: "The console", link: "/guides/console" },
    ],
  },
  {
    text: "Recipes",
    items: [
      { text: "Process results", link: "/guides/result-processing" },
      { text: "A progress dashboard", link: "/guides/progress-dashboard" },
      { text: "Alerts on errors", link: "/guides/error-alert" },
    ],
  },
  {
    text: "Write plugins",
    items: [
      { text: "Write a plugin", link: "/guides/write-a-plugin" },
      { text: "Plugins and threads", link: "/explanation/plugins-and-threads" },
    ],
  },
  {
    text: "Operate it",
    items: [
      { text: "Run beside n8n", link: "/guides/run-beside-n8n" },
      { text: "Run in production", link: "/guides/run-in-production" },
      { text: "Run in a container", link: "/guides/run-in-a-container" },
      { text: "Several daemons", link: "/guides/scale-out" },
      { text: "Files to deploy with", link: "/deploy/" },
      { text: "Back up and upgrade", link: "/guides/back-up-and-upgrade" },
      { text: "See what it does", link: "/guides/see-what-it-does" },
      { text: "Follow a job in a trace", link: "/guides/traces" },
      { text: "The command line", link: "/guides/command-line" },
      { text: "Troubleshooting", link: "/guides/troubleshooting" },
    ],
  },
  {
    text: "Reference",
    items: [
      { text: "API", link: "/api.html", target: "_self" },
      { text: "Settings", link: "/reference/configuration" },
      { text: "Commands", link: "/reference/cli" },
      { text: "Events", link: "/reference/events" },
      { text: "Errors", link: "/reference/errors" },
      { text: "Schemas of the built-in plugins", link: "/reference/plugins" },
    ],
  },
  {
    text: "Understand it",
    items: [
      { text: "Delivery", link: "/explanation/delivery" },
      { text: "Reliability", link: "/explanation/reliability" },
      { text: "Security", link: "/explanation/security" },
      { text: "Performance", link: "/explanation/performance" },
      { text: "Scale", link: "/explanation/scale" },
      { text: "Decisions", link: "/decisions/" },
    ],
  },
];

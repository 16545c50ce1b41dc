/** Runs first in each worker that a plugin starts. */
import { installPluginResolution } from "./plugin-resolution.ts";

installPluginResolution();

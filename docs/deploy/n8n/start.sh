#!/bin/sh
# Puts the Playground nodes where n8n loads community nodes from, and starts n8n.
set -eu
modules="$HOME/.n8n/nodes/node_modules"
mkdir -p "$modules"
rm -rf "$modules/n8n-nodes-playground"
cp -R /opt/playground/nodes "$modules/n8n-nodes-playground"
node /opt/playground/first-start.mjs
exec n8n "$@"

#!/usr/bin/env node
import 'reflect-metadata';
import { processTerminal } from './service/cli/process-terminal.js';
import { runCli } from './service/cli/run-cli.js';

process.exitCode = await runCli(process.argv.slice(2), processTerminal);

#!/usr/bin/env node
// In the repository, so that npm can link the command before anything is built.
import '@gradpool/cli/bin'

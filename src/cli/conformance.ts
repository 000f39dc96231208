import { Command } from 'commander';
import { conformanceDeviceCommand } from './conformance-device.ts';
import { conformanceServerCommand } from './conformance-server.ts';

/** `conformance`: the clauses of the specification as cases, against any endpoint. */
export function conformanceCommand(): Command {
  return new Command('conformance')
    .description('Proves a device or a signaling server against the ONVIF WebRTC Specification, clause by clause.')
    .addCommand(conformanceDeviceCommand())
    .addCommand(conformanceServerCommand())
    .addHelpText(
      'after',
      `
Each case puts one requirement to the endpoint and says: pass, fail with what was expected and all that was said on the
wire, or not applicable with the reason. Clauses are numbered as in edition 25.12 of the specification.

Exit codes: 0 no case failed, 1 a case failed or the run was interrupted, 2 wrong usage.

Examples:
  onvif-webrtc-gateway conformance device --list
  onvif-webrtc-gateway conformance device --listen 192.168.1.5:8090 --token SECRET --profile main
  onvif-webrtc-gateway conformance server --url wss://signaling.example.com/onvif --client-token C1 --device-token D1`,
    );
}

"""The gRPC service: decodes requests, answers them, and maps errors to status codes."""

"""The gRPC service: requests decoded, answered, and errors turned into statuses."""

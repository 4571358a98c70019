from device_agent.conftest import write_convolutions as write_convolutions  # a fixture

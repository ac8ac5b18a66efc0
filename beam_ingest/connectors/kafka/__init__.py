"""Apache Kafka: topics as a source without end."""

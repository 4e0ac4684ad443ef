"""What the products' APIs offer: one class per product, one method per endpoint. Knows nothing of FortiSOAR."""

package thrift

// SlogTStructWrapper is what generated code hands to a log. Thrift has it since 0.21, which Debian's
// Arrow was generated for; Debian's Thrift is 0.19. Nothing here ever logs one.
type SlogTStructWrapper struct {
	Type  string  `json:"type"`
	Value TStruct `json:"value"`
}

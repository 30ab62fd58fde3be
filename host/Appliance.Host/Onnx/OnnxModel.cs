using System.Buffers.Binary;

namespace Appliance.Host.Onnx;

/// <summary>A constant of the graph; whole numbers are held as doubles, too.</summary>
internal sealed record OnnxTensor(int[] Shape, double[] Values)
{
    public static OnnxTensor Scalar(double value) => new([], [value]);
    public IEnumerable<long> Integers => Values.Select(v => (long)v);
}

internal sealed record OnnxAttribute(float Number, long Integer, string Text, double[] Numbers, long[] Integers, string[] Texts, OnnxTensor? Tensor);

internal sealed record OnnxNode(string Name, string Operator, string Domain, string[] Inputs, string[] Outputs, Dictionary<string, OnnxAttribute> Attributes)
{
    /// <summary>How messages call it.</summary>
    public string Title => $"node \"{(Name != "" ? Name : Outputs.FirstOrDefault(""))}\" ({(Domain is "" or "ai.onnx" ? "" : Domain + ".")}{Operator})";

    public string Input(int index) => index < Inputs.Length ? Inputs[index] : "";
    public long Integer(string name, long fallback) => Attributes.TryGetValue(name, out OnnxAttribute? a) ? a.Integer : fallback;
    public double Number(string name, double fallback) => Attributes.TryGetValue(name, out OnnxAttribute? a) ? a.Number : fallback;
    public string Text(string name, string fallback) => Attributes.TryGetValue(name, out OnnxAttribute? a) ? a.Text : fallback;
    public long[]? Integers(string name) => Attributes.TryGetValue(name, out OnnxAttribute? a) ? a.Integers : null;
}

/// <summary>An input of the graph; a dimension without a fixed length is 0.</summary>
internal sealed record OnnxInput(string Name, int[] Shape);

/// <summary>
/// What an import needs of an ONNX file. Field numbers: the ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto and ValueInfoProto messages of the public onnx.proto (ONNX IR version 3 to 9).
/// </summary>
internal sealed record OnnxModel(string Producer, long Opset, IReadOnlyList<OnnxNode> Nodes, IReadOnlyDictionary<string, OnnxTensor> Initializers, IReadOnlyList<OnnxInput> Inputs, IReadOnlyList<string> Outputs)
{
    private const int Float = 1, Int32 = 6, Int64 = 7, Float16 = 10, Double = 11;

    public static OnnxModel Parse(ReadOnlyMemory<byte> bytes)
    {
        string producer = "";
        long opset = 0;
        OnnxModel? graph = null;
        var reader = new ProtobufReader(bytes);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 2: producer = reader.Text(); break;
                case 7: graph = Graph(reader.Bytes()); break;
                case 8:
                    var (domain, version) = Opset_(reader.Bytes());
                    if (domain is "" or "ai.onnx") opset = version;
                    break;
                default: reader.Skip(); break;
            }
        }
        if (graph is null) throw new OnnxException("holds no graph: is this an ONNX file?");
        return graph with { Producer = producer, Opset = opset };
    }

    private static (string, long) Opset_(ReadOnlyMemory<byte> bytes)
    {
        string domain = "";
        long version = 0;
        var reader = new ProtobufReader(bytes);
        while (reader.Next())
        {
            if (reader.Field == 1) domain = reader.Text();
            else if (reader.Field == 2) version = reader.Integer();
            else reader.Skip();
        }
        return (domain, version);
    }

    private static OnnxModel Graph(ReadOnlyMemory<byte> bytes)
    {
        var nodes = new List<OnnxNode>();
        var initializers = new Dictionary<string, OnnxTensor>(StringComparer.Ordinal);
        var inputs = new List<OnnxInput>();
        var outputs = new List<string>();
        var reader = new ProtobufReader(bytes);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: nodes.Add(Node(reader.Bytes())); break;
                case 5:
                    var (name, tensor) = Tensor(reader.Bytes());
                    initializers[name] = tensor;
                    break;
                case 11: inputs.Add(Value(reader.Bytes())); break;
                case 12: outputs.Add(Value(reader.Bytes()).Name); break;
                default: reader.Skip(); break;
            }
        }
        // Before IR version 4 initialisers stand among the inputs, too.
        inputs.RemoveAll(i => initializers.ContainsKey(i.Name));
        return new OnnxModel("", 0, nodes, initializers, inputs, outputs);
    }

    private static OnnxNode Node(ReadOnlyMemory<byte> bytes)
    {
        string name = "", op = "", domain = "";
        var (inputs, outputs) = (new List<string>(), new List<string>());
        var attributes = new Dictionary<string, OnnxAttribute>(StringComparer.Ordinal);
        var reader = new ProtobufReader(bytes);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: inputs.Add(reader.Text()); break;
                case 2: outputs.Add(reader.Text()); break;
                case 3: name = reader.Text(); break;
                case 4: op = reader.Text(); break;
                case 5:
                    var (key, attribute) = Attribute(reader.Bytes());
                    attributes[key] = attribute;
                    break;
                case 7: domain = reader.Text(); break;
                default: reader.Skip(); break;
            }
        }
        return new OnnxNode(name, op, domain, [.. inputs], [.. outputs], attributes);
    }

    private static (string, OnnxAttribute) Attribute(ReadOnlyMemory<byte> bytes)
    {
        string name = "", text = "";
        float number = 0;
        long integer = 0;
        OnnxTensor? tensor = null;
        var (numbers, integers, texts) = (new List<double>(), new List<long>(), new List<string>());
        var reader = new ProtobufReader(bytes);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: name = reader.Text(); break;
                case 2: number = reader.Single(); break;
                case 3: integer = reader.Integer(); break;
                case 4: text = reader.Text(); break;
                case 5: tensor = Tensor(reader.Bytes()).Item2; break;
                case 7: reader.Numbers(numbers, sizeof(float)); break;
                case 8: reader.Integers(integers); break;
                case 9: texts.Add(reader.Text()); break;
                default: reader.Skip(); break;
            }
        }
        return (name, new OnnxAttribute(number, integer, text, [.. numbers], [.. integers], [.. texts], tensor));
    }

    private static (string, OnnxTensor) Tensor(ReadOnlyMemory<byte> bytes)
    {
        string name = "";
        long type = 0;
        bool external = false;
        ReadOnlyMemory<byte> raw = default;
        var (dimensions, values, integers) = (new List<long>(), new List<double>(), new List<long>());
        var reader = new ProtobufReader(bytes);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: reader.Integers(dimensions); break;
                case 2: type = reader.Integer(); break;
                case 4: reader.Numbers(values, sizeof(float)); break;
                case 5 or 7: reader.Integers(integers); break;
                case 8: name = reader.Text(); break;
                case 9: raw = reader.Bytes(); break;
                case 10: reader.Numbers(values, sizeof(double)); break;
                case 14: external = reader.Integer() != 0; break;
                default: reader.Skip(); break;
            }
        }
        if (external) throw new OnnxException($"tensor \"{name}\" stands in another file (external data): export the model with its weights inside");
        if (dimensions.Any(d => d is < 0 or > int.MaxValue)) throw new OnnxException($"tensor \"{name}\" has a dimension of {dimensions.First(d => d is < 0 or > int.MaxValue)}");
        values.AddRange(integers.Select(i => type == Float16 ? (double)BitConverter.UInt16BitsToHalf((ushort)i) : i));
        if (raw.Length > 0) values = Raw(name, type, raw.Span);
        double elements = dimensions.Aggregate(1.0, (product, d) => product * d);
        if (elements != values.Count) throw new OnnxException($"tensor \"{name}\" of shape [{string.Join(",", dimensions)}] holds {values.Count} numbers");
        return (name, new OnnxTensor([.. dimensions.Select(d => (int)d)], [.. values]));
    }

    private static List<double> Raw(string name, long type, ReadOnlySpan<byte> raw)
    {
        int size = type switch { Float or Int32 => 4, Int64 or Double => 8, Float16 => 2, 9 => 1, _ => throw new OnnxException($"tensor \"{name}\" has element type {type}; float, double, float16, int32 and int64 are read") };
        var values = new List<double>(raw.Length / size);
        for (int i = 0; i + size <= raw.Length; i += size)
            values.Add(type switch
            {
                Float => BinaryPrimitives.ReadSingleLittleEndian(raw[i..]),
                Int32 => BinaryPrimitives.ReadInt32LittleEndian(raw[i..]),
                Int64 => BinaryPrimitives.ReadInt64LittleEndian(raw[i..]),
                Double => BinaryPrimitives.ReadDoubleLittleEndian(raw[i..]),
                Float16 => (double)BinaryPrimitives.ReadHalfLittleEndian(raw[i..]),
                _ => raw[i],
            });
        return values;
    }

    private static OnnxInput Value(ReadOnlyMemory<byte> bytes)
    {
        string name = "";
        var shape = new List<int>();
        var reader = new ProtobufReader(bytes);
        while (reader.Next())
        {
            if (reader.Field == 1) name = reader.Text();
            else if (reader.Field == 2) Shape(reader.Bytes(), shape);
            else reader.Skip();
        }
        return new OnnxInput(name, [.. shape]);
    }

    /// <summary>TypeProto.tensor_type (1) → shape (2) → dim (1) → dim_value (1).</summary>
    private static void Shape(ReadOnlyMemory<byte> type, List<int> shape)
    {
        var typeReader = new ProtobufReader(type);
        while (typeReader.Next())
        {
            if (typeReader.Field != 1) { typeReader.Skip(); continue; }
            var tensor = new ProtobufReader(typeReader.Bytes());
            while (tensor.Next())
            {
                if (tensor.Field != 2) { tensor.Skip(); continue; }
                var dims = new ProtobufReader(tensor.Bytes());
                while (dims.Next())
                {
                    if (dims.Field != 1) { dims.Skip(); continue; }
                    var dim = new ProtobufReader(dims.Bytes());
                    long length = 0;
                    while (dim.Next())
                    {
                        if (dim.Field == 1) length = dim.Integer();
                        else dim.Skip();
                    }
                    shape.Add((int)Math.Clamp(length, 0, int.MaxValue));
                }
            }
        }
    }
}

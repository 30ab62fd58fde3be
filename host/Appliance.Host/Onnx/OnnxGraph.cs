namespace Appliance.Host.Onnx;

/// <summary>
/// Walks a graph in its order and says what its output is in terms of its input: affine maps, activations, recurrent layers. A policy sees one sample at a time and, where it is recurrent, one
/// step at a time, so axes of batch and time may come and go; the features must stay last and in order, and of a sequence only the last step may be chosen.
/// </summary>
internal sealed class OnnxGraph
{
    private readonly OnnxModel _model;
    private readonly Dictionary<string, GraphValue> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<FlowValue, FlowValue> _normalised = new(ReferenceEqualityComparer.Instance);
    private readonly List<int> _sequenceLengths = [];

    private OnnxGraph(OnnxModel model) => _model = model;

    /// <summary>The value of the graph's first output.</summary>
    /// <param name="features">How many features the user names; what graphs with free dimensions leave open.</param>
    public static FlowValue Walk(OnnxModel model, int features)
    {
        var graph = new OnnxGraph(model);
        foreach (var (name, tensor) in model.Initializers) graph._values[name] = new ConstantValue(tensor);
        graph.PlaceInputs(features);
        foreach (OnnxNode node in model.Nodes) graph.Visit(node);
        string output = model.Outputs.FirstOrDefault() ?? throw new OnnxException("the graph has no output");
        return (graph._values.GetValueOrDefault(output) is { } last ? Single(last) as FlowValue : null) ?? throw new OnnxException($"output \"{output}\" does not depend on the inputs");
    }

    private void PlaceInputs(int features)
    {
        // What enters a recurrent node as its initial state is carried by the policy itself.
        var states = _model.Nodes.Where(n => n.Operator is "LSTM" or "GRU").SelectMany(n => new[] { n.Input(5), n.Operator == "LSTM" ? n.Input(6) : "" }).ToHashSet(StringComparer.Ordinal);
        foreach (OnnxInput state in _model.Inputs.Where(i => states.Contains(i.Name))) _values[state.Name] = new ZeroValue();
        OnnxInput[] inputs = [.. _model.Inputs.Where(i => !states.Contains(i.Name))];
        if (inputs.Length == 0) throw new OnnxException("the graph has no input");
        int Width(OnnxInput i) => i.Shape.LastOrDefault() is > 0 and var n ? n : inputs.Length == 1 ? features : throw new OnnxException($"input \"{i.Name}\" has no fixed number of features, and there are several inputs: export with fixed shapes");
        int total = inputs.Sum(Width);
        if (total != features) throw new OnnxException($"the model takes {total} features ({string.Join(", ", inputs.Select(i => $"{i.Name} [{string.Join(",", i.Shape)}]"))}), but --features names {features}");
        var stage = new InputStage(total);
        int at = 0;
        foreach (OnnxInput input in inputs)
        {
            int width = Width(input);
            if (input.Shape.Length > 1) _sequenceLengths.AddRange(input.Shape[..^1].Where(n => n > 1));
            AffineMap all = AffineMap.Identity(total);
            var rows = new double[width * total];
            for (int i = 0; i < width; i++) rows[i * total + at + i] = 1;
            _values[input.Name] = new FlowValue(stage, inputs.Length == 1 ? all : all.Then(rows, width, new double[width]));
            at += width;
        }
    }

    private void Visit(OnnxNode node)
    {
        if (node.Domain is not ("" or "ai.onnx")) throw Unsupported(node, "operators of other domains");
        switch (node.Operator)
        {
            case "Constant": Set(node, Constant(node)); break;
            case "Identity" or "Dropout" or "Cast": Set(node, Get(node, 0)); break;
            case "Flatten" or "Reshape" or "Squeeze" or "Unsqueeze": Set(node, Get(node, 0) is ConstantValue c ? Reshaped(node, c.Tensor) : Laid(node)); break;
            case "Transpose": Set(node, Transposed(node)); break;
            case "Shape": Set(node, new ShapeValue()); break;
            case "ConstantOfShape": Set(node, node.Attributes.TryGetValue("value", out OnnxAttribute? v) && v.Tensor!.Values.Any(x => x != 0) ? new ShapeValue() : new ZeroValue()); break;
            case "Expand": Set(node, IsZero(Get(node, 0)) ? new ZeroValue() : throw Unsupported(node, "Expand of anything but zeros")); break;
            case "Gather" or "Slice": Set(node, Chosen(node)); break;
            case "Concat": Set(node, Joined(node)); break;
            case "MatMul": Set(node, Linear(node, Flow(node, 0), Matrix(node, 1, transposed: false), null)); break;
            case "Gemm": Set(node, Gemm(node)); break;
            case "Add" or "Sub" or "Mul" or "Div": Set(node, Arithmetic(node)); break;
            case "BatchNormalization": Set(node, BatchNormalised(node)); break;
            case "LayerNormalization": Set(node, OnnxLayerNorm.Whole(node, Normalised(Flow(node, 0)), i => Vector(node, i, Flow(node, 0).Map.Outputs))); break;
            case "ReduceMean" or "Pow" or "Sqrt": Set(node, OnnxLayerNorm.Part(node, Get(node, 0), node.Input(1) != "" ? Get(node, 1) : null)); break;
            case "Relu": Set(node, Function(GraphFunction.Relu, node)); break;
            case "Tanh": Set(node, Function(GraphFunction.Tanh, node)); break;
            case "Sigmoid": Set(node, Function(GraphFunction.Sigmoid, node)); break;
            case "Softplus": Set(node, Function(GraphFunction.Softplus, node)); break;
            case "LeakyRelu" when Math.Abs(node.Number("alpha", 0.01) - 0.01) < 1e-9: Set(node, Function(GraphFunction.LeakyRelu, node)); break;
            case "Clip": Set(node, Clipped(node)); break;
            case "LSTM" or "GRU":
                var recurrent = new FlowValue(OnnxRecurrence.Stage(node, Flow(node, 0), i => Get(node, i)), AffineMap.Identity((int)node.Integer("hidden_size", 0)));
                // Y and Y_h are one thing to a policy that sees a step at a time, but Y_h's first axis is the layers'; Y_c is not its output.
                Set(node, recurrent);
                if (node.Outputs.Length > 1 && node.Outputs[1] != "") _values[node.Outputs[1]] = new StatesValue([recurrent]);
                break;
            default: throw Unsupported(node, null);
        }
    }

    // ---- layout -------------------------------------------------------------------------------------------------

    private static ConstantValue Constant(OnnxNode node)
    {
        if (node.Attributes.TryGetValue("value", out OnnxAttribute? a) && a.Tensor is { } tensor) return new(tensor);
        if (node.Attributes.TryGetValue("value_float", out a)) return new(OnnxTensor.Scalar(a.Number));
        if (node.Attributes.TryGetValue("value_int", out a)) return new(OnnxTensor.Scalar(a.Integer));
        if (node.Integers("value_ints") is { } integers) return new(new OnnxTensor([integers.Length], [.. integers.Select(i => (double)i)]));
        if (node.Attributes.TryGetValue("value_floats", out a)) return new(new OnnxTensor([a.Numbers.Length], a.Numbers));
        throw Unsupported(node, "a constant that is no tensor of numbers");
    }

    private GraphValue Reshaped(OnnxNode node, OnnxTensor tensor)
    {
        if (node.Operator is "Squeeze" or "Unsqueeze")
        {
            long[] axes = node.Integers("axes") ?? (node.Input(1) != "" && Get(node, 1) is ConstantValue a ? [.. a.Tensor.Integers] : []);
            var shape = tensor.Shape.ToList();
            if (node.Operator == "Squeeze") shape = [.. tensor.Shape.Where((n, i) => !(n == 1 && (axes.Length == 0 || axes.Contains(i) || axes.Contains(i - tensor.Shape.Length))))];
            else
                foreach (long axis in axes.Order()) shape.Insert((int)Math.Clamp(axis < 0 ? axis + shape.Count + 1 : axis, 0, shape.Count), 1);
            return new ConstantValue(tensor with { Shape = [.. shape] });
        }
        if (node.Operator == "Flatten") return new ConstantValue(tensor with { Shape = [tensor.Shape.FirstOrDefault(1), tensor.Values.Length / Math.Max(1, tensor.Shape.FirstOrDefault(1))] });
        if (Get(node, 1) is not ConstantValue wanted) return new ShapeValue();
        long[] to = [.. wanted.Tensor.Integers.Select((n, i) => n == 0 && i < tensor.Shape.Length ? tensor.Shape[i] : n)];
        long known = to.Where(n => n > 0).Aggregate(1L, (p, n) => p * n);
        return new ConstantValue(tensor with { Shape = [.. to.Select(n => (int)(n < 0 ? tensor.Values.Length / Math.Max(1, known) : n))] });
    }

    private GraphValue Transposed(OnnxNode node)
    {
        long[]? order = node.Integers("perm");
        switch (Single(Get(node, 0)))
        {
            case ConstantValue { Tensor: { Shape: [var rows, var columns] } t } when order is null or [1, 0]:
                return new ConstantValue(new OnnxTensor([columns, rows], [.. Enumerable.Range(0, columns).SelectMany(c => Enumerable.Range(0, rows).Select(r => t.Values[r * columns + c]))]));
            case FlowValue flow when order is { Length: > 0 } && order[^1] == order.Length - 1: return flow;
            case FlowValue: throw Unsupported(node, "a transposition that moves the features from the last axis");
            case ShapeValue or ZeroValue: return Get(node, 0);
            default: throw Unsupported(node, "this transposition of a constant");
        }
    }

    /// <summary>Gather or Slice: parts of shapes, or the last step of a sequence.</summary>
    private GraphValue Chosen(OnnxNode node)
    {
        GraphValue from = Get(node, 0);
        if (from is ShapeValue or ZeroValue) return from;
        if (from is StatesValue states) return ChosenState(node, states);
        if (from is not FlowValue flow) throw Unsupported(node, "a choice from a constant");
        long[] First(string attribute, int input) => node.Integers(attribute) ?? (node.Input(input) != "" && Get(node, input) is ConstantValue c ? [.. c.Tensor.Integers] : []);
        long[] start = node.Operator == "Gather" ? First("indices", 1) : First("starts", 1);
        if (flow.Stage is not RecurrentStage || flow.Map is not { IsIdentity: true }) throw Unsupported(node, "a choice of something other than a recurrent layer's last step");
        // A start of 0 that takes the whole axis chooses nothing.
        if (node.Operator == "Slice" && start is [0] && First("ends", 2) is [>= int.MaxValue]) return flow;
        bool last = start is [-1] || start is [> 0] && _sequenceLengths.Contains((int)start[0] + 1);
        return last ? flow : throw Unsupported(node, $"the choice of step {string.Join(",", start)}: a policy answers with the last step");
    }

    private GraphValue ChosenState(OnnxNode node, StatesValue states)
    {
        int count = states.Layers.Length;
        if (node.Operator != "Gather" || node.Integer("axis", 0) != 0 || Get(node, 1) is not ConstantValue { Tensor: { Values: [var index] } } || index < -count || index >= count)
            throw Unsupported(node, "a choice from the layers' last states other than that of one layer");
        return states.Layers[(int)(index < 0 ? index + count : index)];
    }

    private FlowValue Joined(OnnxNode node, FlowValue[] flows)
    {
        if (flows.Any(f => f.Stage != flows[0].Stage)) throw Unsupported(node, "joining values of different depth (a skip connection)");
        return new FlowValue(flows[0].Stage, AffineMap.Stack([.. flows.Select(f => f.Map)], flows[0].Stage.Width));
    }

    private GraphValue Joined(OnnxNode node)
    {
        GraphValue[] parts = [.. Enumerable.Range(0, node.Inputs.Length).Select(i => Get(node, i))];
        if (parts.All(p => p is StatesValue) && node.Integer("axis", 0) == 0) return new StatesValue([.. parts.Cast<StatesValue>().SelectMany(p => p.Layers)]);
        parts = [.. parts.Select(Single)];
        if (parts.All(p => p is FlowValue))
        {
            FlowValue flow = Joined(node, [.. parts.Cast<FlowValue>()]);
            // Inputs put together in their order are the features themselves.
            return flow.Stage is InputStage && IsSelection(flow) ? flow with { Map = AffineMap.Identity(flow.Stage.Width) } : flow;
        }
        return parts.All(p => p is ShapeValue or ConstantValue) ? new ShapeValue() : throw Unsupported(node, "joining inputs and constants");
    }

    private static bool IsSelection(FlowValue flow) =>
        flow.Map.Outputs == flow.Stage.Width && flow.Map.AsDense(flow.Stage.Width).Select((w, k) => w == (k / flow.Stage.Width == k % flow.Stage.Width ? 1 : 0)).All(same => same) && flow.Map.Offset.All(o => o == 0);

    // ---- arithmetic ---------------------------------------------------------------------------------------------

    private FlowValue Gemm(OnnxNode node)
    {
        if (node.Integer("transA", 0) != 0) throw Unsupported(node, "Gemm with transA");
        double alpha = node.Number("alpha", 1), beta = node.Number("beta", 1);
        var (weight, inputs, outputs) = Matrix(node, 1, node.Integer("transB", 0) != 0);
        double[]? bias = node.Input(2) != "" ? [.. Vector(node, 2, outputs).Select(b => b * beta)] : null;
        return Linear(node, Flow(node, 0), ([.. weight.Select(w => w * alpha)], inputs, outputs), bias);
    }

    private FlowValue Linear(OnnxNode node, FlowValue flow, (double[] Weight, int Inputs, int Outputs) matrix, double[]? bias)
    {
        if (matrix.Inputs != flow.Map.Outputs) throw new OnnxException($"{node.Title}: takes {matrix.Inputs} values, but {flow.Map.Outputs} come in");
        flow = Normalised(flow);
        return flow with { Map = flow.Map.Then(matrix.Weight, matrix.Outputs, bias ?? new double[matrix.Outputs]) };
    }

    /// <summary>A scale and an offset of each input become the features' normalisation, which is computed in double precision; any other map is multiplied into the weights.</summary>
    private FlowValue Normalised(FlowValue flow)
    {
        if (flow.Stage is not InputStage || !flow.Map.IsDiagonal || flow.Map.IsIdentity || flow.Map.Scale.Any(s => !(s > 0))) return flow;
        if (!_normalised.TryGetValue(flow, out FlowValue? made))
            _normalised[flow] = made = new FlowValue(new NormalisedStage(flow.Stage.Width, flow), AffineMap.Identity(flow.Stage.Width));
        return made;
    }

    private GraphValue Arithmetic(OnnxNode node)
    {
        GraphValue a = Single(Get(node, 0)), b = Single(Get(node, 1));
        if (a is ShapeValue || b is ShapeValue) return new ShapeValue();
        if (a is NormPartValue || b is NormPartValue) return OnnxLayerNorm.Combined(node, a, b, Normalised);
        if (a is FlowValue fa && b is FlowValue fb) return Combined(node, fa, fb);
        bool swapped = a is not FlowValue;
        if ((swapped ? b : a) is not FlowValue flow) throw Unsupported(node, "arithmetic of constants: export with constant folding");
        int n = flow.Map.Outputs;
        double[] c = Vector(node, swapped ? 0 : 1, n);
        double[] ones = [.. Enumerable.Repeat(1.0, n)], zeros = new double[n];
        AffineMap map = node.Operator switch
        {
            "Add" => flow.Map.Then(ones, c),
            "Sub" => swapped ? flow.Map.Then([.. ones.Select(x => -x)], c) : flow.Map.Then(ones, [.. c.Select(x => -x)]),
            "Mul" => flow.Map.Then(c, zeros),
            _ => swapped ? throw Unsupported(node, "division by a value that depends on the inputs") : flow.Map.Then([.. c.Select(x => 1 / x)], zeros),
        };
        if (map.Offset.Concat(map.Scale).Any(x => !double.IsFinite(x))) throw new OnnxException($"{node.Title}: its constants give no finite numbers");
        return flow with { Map = map };
    }

    private static FlowValue Combined(OnnxNode node, FlowValue a, FlowValue b)
    {
        // x·σ(x), as PyTorch writes SiLU.
        if (node.Operator == "Mul")
        {
            foreach (var (x, gate) in new[] { (a, b), (b, a) })
                if (gate.Stage is FunctionStage { Function: GraphFunction.Sigmoid } s && gate.Map.IsIdentity && ReferenceEquals(s.From, x))
                    return new FlowValue(new FunctionStage(GraphFunction.Silu, x, node), AffineMap.Identity(x.Map.Outputs));
            throw Unsupported(node, "a product of two values that depend on the inputs");
        }
        if (node.Operator == "Div") throw Unsupported(node, "division by a value that depends on the inputs");
        if (a.Stage != b.Stage || a.Map.Outputs != b.Map.Outputs) throw Unsupported(node, "adding values of different depth (a skip connection)");
        double sign = node.Operator == "Add" ? 1 : -1;
        AffineMap second = b.Map.Then([.. Enumerable.Repeat(sign, b.Map.Outputs)], new double[b.Map.Outputs]);
        return a with { Map = AffineMap.Sum(a.Map, second, a.Stage.Width) };
    }

    private FlowValue BatchNormalised(OnnxNode node)
    {
        FlowValue flow = Flow(node, 0);
        int n = flow.Map.Outputs;
        double[] scale = Vector(node, 1, n), offset = Vector(node, 2, n), mean = Vector(node, 3, n), variance = Vector(node, 4, n);
        double epsilon = node.Number("epsilon", 1e-5);
        double[] s = [.. scale.Select((g, i) => g / Math.Sqrt(variance[i] + epsilon))];
        return flow with { Map = flow.Map.Then(s, [.. offset.Select((b, i) => b - s[i] * mean[i])]) };
    }

    private FlowValue Function(GraphFunction function, OnnxNode node)
    {
        FlowValue flow = Flow(node, 0);
        return new FlowValue(new FunctionStage(function, flow, node), AffineMap.Identity(flow.Map.Outputs));
    }

    private FlowValue Clipped(OnnxNode node)
    {
        FlowValue flow = Flow(node, 0);
        double Bound(string attribute, int input, double fallback) => node.Attributes.TryGetValue(attribute, out OnnxAttribute? a) ? a.Number : node.Input(input) == "" ? fallback : Vector(node, input, 1)[0];
        return new FlowValue(new ClipStage(Bound("min", 1, double.NegativeInfinity), Bound("max", 2, double.PositiveInfinity), flow, node), AffineMap.Identity(flow.Map.Outputs));
    }

    // ---- operands -----------------------------------------------------------------------------------------------

    private GraphValue Get(OnnxNode node, int input) => _values.GetValueOrDefault(node.Input(input)) ?? throw new OnnxException($"{node.Title}: input {input} (\"{node.Input(input)}\") is made nowhere before it");

    private void Set(OnnxNode node, GraphValue value) => _values[node.Outputs.FirstOrDefault() ?? throw new OnnxException($"{node.Title} has no output")] = value;

    /// <summary>The states of one layer are that layer's output.</summary>
    private static GraphValue Single(GraphValue value) => value is StatesValue { Layers: [var one] } ? one : value;

    /// <summary>A value in another shape; the states of several layers have none but their own.</summary>
    private GraphValue Laid(OnnxNode node) => Single(Get(node, 0)) is var value and not StatesValue ? value : throw Unsupported(node, "the last states of several layers in one");

    private FlowValue Flow(OnnxNode node, int input) => Single(Get(node, input)) as FlowValue ?? throw Unsupported(node, $"input {input} that does not depend on the model's inputs");

    /// <summary>[outputs, inputs], row by row.</summary>
    private (double[] Weight, int Inputs, int Outputs) Matrix(OnnxNode node, int input, bool transposed)
    {
        if (Get(node, input) is not ConstantValue { Tensor: { Shape: [var rows, var columns] } t }) throw Unsupported(node, $"input {input} that is no constant matrix");
        if (transposed) return (t.Values, columns, rows);
        var weight = new double[rows * columns];
        for (int r = 0; r < rows; r++)
            for (int c = 0; c < columns; c++) weight[c * rows + r] = t.Values[r * columns + c];
        return (weight, rows, columns);
    }

    /// <summary>A constant of as many numbers, or one for all.</summary>
    private double[] Vector(OnnxNode node, int input, int length)
    {
        if (Get(node, input) is ZeroValue) return new double[length];
        if (Get(node, input) is not ConstantValue { Tensor: { } t }) throw Unsupported(node, $"input {input} that is no constant");
        if (t.Values.Length == 1) return [.. Enumerable.Repeat(t.Values[0], length)];
        if (t.Values.Length == length && t.Shape[^1] == length) return t.Values;
        throw Unsupported(node, $"a constant of shape [{string.Join(",", t.Shape)}] where {length} values come in");
    }

    internal static bool IsZero(GraphValue value) => value is ZeroValue || value is ConstantValue c && c.Tensor.Values.All(v => v == 0);

    internal static OnnxException Unsupported(OnnxNode node, string? what) => new(what is null
        ? $"{node.Title}: this operator is not supported; supported are Gemm, MatMul, Add, Sub, Mul, Div, Relu, LeakyRelu (0.01), Tanh, Sigmoid, SiLU as Mul and Sigmoid, Softplus, LSTM, GRU, Clip, Concat, BatchNormalization, LayerNormalization (or its parts) and what only changes shapes"
        : $"{node.Title}: {what} is not supported");
}

using Appliance.Kernels.Networks;

namespace Appliance.Host.Onnx;

/// <summary>The LSTM and GRU nodes of ONNX (operator specification, versions 7 to 14) as our recurrent layers: gates i, o, f, c become i, f, g, o; z, r, h become r, z, n.</summary>
internal static class OnnxRecurrence
{
    public static RecurrentStage Stage(OnnxNode node, FlowValue arriving, Func<int, GraphValue> input)
    {
        bool isLstm = node.Operator == "LSTM";
        int units = (int)node.Integer("hidden_size", 0), features = arriving.Map.Outputs;
        int[] gates = isLstm ? [0, 2, 3, 1] : [1, 0, 2];
        if (units <= 0) throw new OnnxException($"{node.Title}: hidden_size is missing");
        if (node.Text("direction", "forward") != "forward") throw OnnxGraph.Unsupported(node, $"direction {node.Text("direction", "")}: a live policy cannot see the future");
        string[] usual = isLstm ? ["Sigmoid", "Tanh", "Tanh"] : ["Sigmoid", "Tanh"];
        if (node.Attributes.TryGetValue("activations", out OnnxAttribute? a) && a.Texts.Length > 0 && !a.Texts.SequenceEqual(usual, StringComparer.OrdinalIgnoreCase))
            throw OnnxGraph.Unsupported(node, $"activations {string.Join(", ", a.Texts)} instead of {string.Join(", ", usual)}");
        if (node.Attributes.ContainsKey("clip")) throw OnnxGraph.Unsupported(node, "clip");
        if (node.Integer("input_forget", 0) != 0) throw OnnxGraph.Unsupported(node, "input_forget");
        if (node.Input(4) != "") throw OnnxGraph.Unsupported(node, "sequence_lens");
        for (int i = 5; i < (isLstm ? 8 : 6); i++)
            if (node.Input(i) != "" && !OnnxGraph.IsZero(input(i))) throw OnnxGraph.Unsupported(node, i == 7 ? "peephole weights" : "an initial state other than zero");

        double[] Weights(int index, int length, string name)
        {
            if (input(index) is not ConstantValue { Tensor: { } t } || t.Shape.Length == 0) throw OnnxGraph.Unsupported(node, $"input {name} that is no constant");
            if (t.Shape[0] != 1 || t.Values.Length != length) throw new OnnxException($"{node.Title}: {name} has shape [{string.Join(",", t.Shape)}], expected {length} numbers of one direction");
            return t.Values;
        }
        double[] w = Weights(1, gates.Length * units * features, "W"), r = Weights(2, gates.Length * units * units, "R");
        double[] b = node.Input(3) != "" ? Weights(3, 2 * gates.Length * units, "B") : new double[2 * gates.Length * units];
        double[] Ordered(double[] source, int offset, int perUnit) => [.. gates.SelectMany(g => source.Skip(offset + g * units * perUnit).Take(units * perUnit))];
        double[] inputWeight = Ordered(w, 0, features), inputBias = Ordered(b, 0, 1);
        // A map between two layers is multiplied into the weights of the upper one, unless it is a normalisation of the inputs.
        FlowValue below = arriving;
        int inputs = features;
        if (arriving.Stage is InputStage && arriving.Map.IsDiagonal && arriving.Map.Scale.All(s => s > 0))
        {
            if (!arriving.Map.IsIdentity) below = new FlowValue(new NormalisedStage(features, arriving), AffineMap.Identity(features));
        }
        else if (!arriving.Map.IsIdentity)
        {
            AffineMap folded = arriving.Map.Then(inputWeight, gates.Length * units, inputBias);
            (inputs, inputBias) = (arriving.Stage.Width, folded.Offset);
            inputWeight = folded.AsDense(inputs);
            below = arriving with { Map = AffineMap.Identity(inputs) };
        }
        RecurrentKind kind = isLstm ? RecurrentKind.Lstm : node.Integer("linear_before_reset", 0) != 0 ? RecurrentKind.GruResetAfter : RecurrentKind.GruResetBefore;
        static float[] Floats(double[] values) => [.. values.Select(v => (float)v)];
        return new RecurrentStage(new RecurrentLayer(kind, inputs, units, Floats(inputWeight), Floats(Ordered(r, 0, units)), Floats(inputBias), Floats(Ordered(b, gates.Length * units, 1))), below, node);
    }
}

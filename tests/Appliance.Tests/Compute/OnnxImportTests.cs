using System.Text;
using System.Text.Json;
using Appliance.Host.Onnx;
using Appliance.Kernels.Networks;
using Appliance.Strategy.Policies;
using Appliance.Strategy.Policies.Files;

namespace Appliance.Tests.Compute;

/// <summary>
/// ONNX files exported from PyTorch (tests/reference/networks/export_onnx.py) against the outputs that PyTorch gives in double precision. The tiny ones are checked in; `make verify`
/// makes the large ones and names their folder in APPLIANCE_ONNX.
/// </summary>
public class OnnxImportTests
{
    private const double Agreement = 1e-6;

    private static string Folder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Directory.Exists(Path.Combine(folder.FullName, "tests/Appliance.Tests/Compute/onnx"))) return Path.Combine(folder.FullName, "tests/Appliance.Tests/Compute/onnx");
        throw new DirectoryNotFoundException("tests/Appliance.Tests/Compute/onnx");
    }

    private static byte[] Model(string name) => File.ReadAllBytes(Path.Combine(Folder(), name + ".onnx"));

    public static TheoryData<string> Files()
    {
        var files = new TheoryData<string>();
        foreach (string folder in new[] { Folder(), Environment.GetEnvironmentVariable("APPLIANCE_ONNX") ?? "" })
            if (Directory.Exists(folder)) foreach (string file in Directory.GetFiles(folder, "*.onnx").Order(StringComparer.Ordinal)) files.Add(file);
        return files;
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Agrees_with_PyTorch(string file)
    {
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllText(Path.ChangeExtension(file, ".json")));
        int steps = expected.RootElement.GetProperty("steps").GetInt32(), features = expected.RootElement.GetProperty("features").GetInt32();
        OnnxPolicy policy = OnnxImport.Read(File.ReadAllBytes(file), features);
        var network = policy.Weights.Recurrent.Count > 0 ? new RecurrentNetwork(policy.Weights.Recurrent, policy.Weights.Dense[0], policy.Activation) : null;
        var perceptron = network is null ? new Mlp(policy.Weights.Dense[0], policy.Activation) : null;
        float[] output = new float[policy.Weights.Outputs], state = new float[network?.StateLength ?? 0];
        double worst = 0;
        int runs = 0;
        foreach (JsonElement run in expected.RootElement.GetProperty("runs").EnumerateArray())
        {
            float[] window = [.. run.GetProperty("input").EnumerateArray().Select((v, k) => (float)((v.GetDouble() - policy.Normalisation[k % features].Mean) * (1 / policy.Normalisation[k % features].Scale)))];
            double[] wanted = [.. run.GetProperty("output").EnumerateArray().Select(v => v.GetDouble())];
            if (network is not null) network.Window(window, steps, state, output);
            else perceptron!.Infer(window, output);
            Assert.Equal(wanted.Length, output.Length);
            for (int o = 0; o < output.Length; o++)
                worst = Math.Max(worst, Math.Abs(policy.OutputMaps[o].Apply(PolicyOutputs.Transform(policy.Transform, output[o])) - wanted[o]));
            runs++;
        }
        Assert.True(runs > 0);
        Assert.True(worst <= Agreement, $"{Path.GetFileName(file)}: off by {worst:E2}");
    }

    [Theory]
    [InlineData("mlp_heads", "Tanh", "Sinh", 3, "(Sinh): this operator is not supported")]
    [InlineData("mlp_silu", "Clip", "Ceil", 3, "(Ceil): this operator is not supported")]
    [InlineData("mlp_layer_norm", "Sqrt", "Sinh", 3, "(Sinh): this operator is not supported")]
    [InlineData("mlp_layer_norm", "Pow", "Exp", 3, "(Exp): this operator is not supported")]
    [InlineData("gru", "hidden_size", "hidden_sise", 2, "(GRU): hidden_size is missing")]
    public void What_a_policy_cannot_hold_is_named_with_its_node(string name, string find, string replace, int features, string said)
    {
        var refusal = Assert.Throws<OnnxException>(() => OnnxImport.Read(Replaced(Model(name), find, replace), features));
        Assert.StartsWith("node \"", refusal.Message);
        Assert.Contains(said, refusal.Message);
    }

    [Fact]
    public void A_wrong_number_of_features_is_said()
    {
        Assert.Contains("the model takes 3 features", Assert.Throws<OnnxException>(() => OnnxImport.Read(Model("mlp_heads"), 4)).Message);
    }

    [Fact]
    public void The_models_parts_become_the_policys()
    {
        OnnxPolicy silu = OnnxImport.Read(Model("mlp_silu"), 3);
        Assert.Equal((Activation.Silu, 3), (silu.Activation, silu.Weights.Dense[0].Count));
        Assert.Equal((50.0, 5.0), (silu.Normalisation[0].Mean, Math.Round(silu.Normalisation[0].Scale, 6)));
        Assert.Equal((-0.2f, 0.15f), ((float)silu.OutputMaps[0].Lower, (float)silu.OutputMaps[0].Upper));
        OnnxPolicy heads = OnnxImport.Read(Model("mlp_heads"), 3);
        Assert.Equal([4, 4, 2], heads.Weights.Dense[0].Select(l => l.Outputs));
        OnnxPolicy norm = OnnxImport.Read(Model("mlp_layer_norm"), 3);
        Assert.Equal([(0, NormPlace.Outputs), (1, NormPlace.Outputs)], norm.Weights.LayerNorms.Select(n => (n.Layer, n.Place)));
        OnnxPolicy after = OnnxImport.Read(Model("mlp_layer_norm_after_17"), 3);
        Assert.Equal([(0, NormPlace.Inputs), (1, NormPlace.Inputs), (2, NormPlace.Inputs)], after.Weights.LayerNorms.Select(n => (n.Layer, n.Place)));
        Assert.All(after.Weights.LayerNorms, n => Assert.Equal(1e-5f, (float)n.Epsilon));
        OnnxPolicy gru = OnnxImport.Read(Model("gru"), 2);
        Assert.Equal([RecurrentKind.GruResetAfter], gru.Weights.Recurrent.Select(l => l.Kind));
        Assert.True(gru.ResetGateAfter);
        Assert.False(OnnxImport.Read(Model("gru_reset_before"), 2).ResetGateAfter);
    }

    /// <summary>Files cut anywhere and files with random bytes changed: a sentence, or a policy, never another exception.</summary>
    [Fact]
    public void Damage_is_answered_with_a_sentence()
    {
        var random = new Random(21);
        int refused = 0, tries = 0;
        foreach (string name in new[] { "mlp_silu", "gru", "mlp_layer_norm" })
        {
            byte[] good = Model(name);
            int features = name == "gru" ? 2 : 3;
            for (int length = 0; length < good.Length; length += 7) Try(good[..length]);
            for (int i = 0; i < 3000; i++)
            {
                byte[] bad = (byte[])good.Clone();
                for (int n = random.Next(1, 5); n > 0; n--) bad[random.Next(bad.Length)] = (byte)random.Next(256);
                Try(bad);
            }

            void Try(byte[] bytes)
            {
                tries++;
                try { OnnxImport.Read(bytes, features); }
                catch (OnnxException e)
                {
                    refused++;
                    Assert.NotEmpty(e.Message);
                }
            }
        }
        Assert.InRange(refused, tries / 10, tries - 1);
    }

    private static byte[] Replaced(byte[] bytes, string find, string replace)
    {
        byte[] from = Encoding.ASCII.GetBytes(find), to = Encoding.ASCII.GetBytes(replace);
        byte[] result = (byte[])bytes.Clone();
        int at = result.AsSpan().IndexOf(from), count = 0;
        Assert.Equal(from.Length, to.Length);
        for (; at >= 0; count++)
        {
            to.CopyTo(result, at);
            int next = result.AsSpan(at + to.Length).IndexOf(from);
            at = next < 0 ? -1 : at + to.Length + next;
        }
        Assert.True(count > 0);
        return result;
    }
}

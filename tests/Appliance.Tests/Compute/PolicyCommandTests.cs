namespace Appliance.Tests.Compute;

/// <summary>`appliance policy import|show|verify` as a user meets it: what is said, and the exit code.</summary>
public sealed class PolicyCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("policy-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static (int Code, string Out, string Error) Appliance(params string[] arguments)
    {
        var (before, errorBefore) = (Console.Out, Console.Error);
        using StringWriter output = new(), error = new();
        Console.SetOut(output);
        Console.SetError(error);
        try { return (global::Appliance.Host.Program.Main(arguments), output.ToString(), error.ToString()); }
        finally
        {
            Console.SetOut(before);
            Console.SetError(errorBefore);
        }
    }

    private string InFolder(string name) => Path.Combine(_folder, name);

    private static string Onnx(string name)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!Directory.Exists(Path.Combine(folder.FullName, "tests/Appliance.Tests/Compute/onnx"))) folder = folder.Parent!;
        return Path.Combine(folder.FullName, "tests/Appliance.Tests/Compute/onnx", name);
    }

    [Theory]
    [InlineData("mlp_silu.onnx", "spot,delta,gamma", "mlp 3-5-4-1, silu")]
    [InlineData("mlp_heads.onnx", "spot:100:20,delta,hedgePosition", "mlp 3-4-4-2, tanh")]
    [InlineData("mlp_layer_norm.onnx", "spot,delta,gamma", "the outputs of dense layer 0, the outputs of dense layer 1")]
    [InlineData("lstm.onnx", "spot,hedgePosition", "lstm 2 > 3-3 units > dense 1")]
    [InlineData("gru.onnx", "spot,hedgePosition", "gru 2 > 3 units > dense 2-1 (tanh), reset gate after the product")]
    [InlineData("gru_reset_before.onnx", "spot,hedgePosition", "reset gate before the product")]
    public void An_import_can_be_shown_and_verified(string model, string features, string architecture)
    {
        string policy = InFolder("policy.safetensors");
        var imported = Appliance("policy", "import", Onnx(model), "--features", features, "--out", policy);
        Assert.Equal((0, ""), (imported.Code, imported.Error));
        var shown = Appliance("policy", "show", policy);
        Assert.Equal(0, shown.Code);
        Assert.Contains(architecture, shown.Out);
        Assert.Contains("bytes as fp32 in memory", shown.Out);
        var verified = Appliance("policy", "verify", policy, "--samples", "50");
        Assert.Equal(0, verified.Code);
        foreach (string format in new[] { "fp32", "bf16", "int8" }) Assert.Contains($"{format}  largest error against double precision", verified.Out);
        Assert.EndsWith(": verified", verified.Out.TrimEnd());
    }

    [Fact]
    public void A_band_a_schedule_bounds_and_a_format_are_taken_over()
    {
        string policy = InFolder("band.safetensors");
        var imported = Appliance("policy", "import", Onnx("mlp_heads.onnx"), "--features", "spot,delta,hedgePosition", "--out", policy, "--band", "--target", "hedgeOffset", "--lower", "-3", "--upper", "3",
            "--step-years", "0.004", "--steps", "30", "--anchor", "expiry", "--weights", "bf16", "--objective", "cvar 0.99");
        Assert.Equal((0, ""), (imported.Code, imported.Error));
        foreach (string said in new[] { "ntb 3-4-4-2", "hedgeOffset, band from 0 + 1 x output within [-3, 3]", "every 0.004 years, 30 times, counted from the nearest expiry backwards", "as bf16 in memory", "cvar 0.99" })
            Assert.Contains(said, imported.Out);
    }

    [Fact]
    public void A_damaged_policy_file_is_refused_with_its_fault()
    {
        string policy = InFolder("policy.safetensors");
        Assert.Equal(0, Appliance("policy", "import", Onnx("mlp_silu.onnx"), "--features", "spot,delta,gamma", "--out", policy).Code);
        byte[] good = File.ReadAllBytes(policy);
        string[] Refused(byte[] bytes, string name)
        {
            File.WriteAllBytes(InFolder(name), bytes);
            var (code, output, error) = Appliance("policy", "verify", InFolder(name));
            Assert.Equal((2, ""), (code, output));
            Assert.Equal(2, Appliance("policy", "show", InFolder(name)).Code);
            return error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        }
        Assert.Contains("truncated", Assert.Single(Refused(good[..^5], "cut.safetensors")));
        byte[] flipped = (byte[])good.Clone();
        flipped[^3] ^= 1;
        Assert.Contains("damaged or altered after it was written", Assert.Single(Refused(flipped, "flipped.safetensors")));
        Assert.NotEmpty(Refused([1, 2, 3], "short.safetensors"));
    }

    [Theory]
    [InlineData("--features: unknown feature \"spott\"; known are mid", "import", "mlp_silu.onnx", "--features", "spott,delta,gamma")]
    [InlineData("--features: saw \"spot:1\", allowed is NAME or NAME:MEAN:SCALE", "import", "mlp_silu.onnx", "--features", "spot:1,delta,gamma")]
    [InlineData("the model takes 3 features", "import", "mlp_silu.onnx", "--features", "spot")]
    [InlineData("--weights: saw \"fp8\", allowed are fp32, bf16, int8", "import", "mlp_silu.onnx", "--features", "spot,delta,gamma", "--weights", "fp8")]
    [InlineData("--band: ", "import", "mlp_silu.onnx", "--features", "spot,delta,gamma", "--band")]
    [InlineData("--lower, --upper: outputs between 1 and ", "import", "mlp_silu.onnx", "--features", "spot,delta,gamma", "--lower", "1")]
    [InlineData("no-such.onnx: there is no such file", "import", "no-such.onnx", "--features", "spot")]
    public void A_wrong_word_is_answered_with_what_is_allowed(string said, string verb, string model, params string[] rest)
    {
        var (code, _, error) = Appliance(["policy", verb, Onnx(model), "--out", InFolder("x.safetensors"), .. rest]);
        Assert.Equal(2, code);
        Assert.Contains(said, error);
        Assert.False(File.Exists(InFolder("x.safetensors")));
    }
}

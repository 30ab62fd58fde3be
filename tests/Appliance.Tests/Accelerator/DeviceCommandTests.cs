using System.Globalization;
using System.Text;
using System.Text.Json;
using Appliance.Kernels.Ilgpu;
using Appliance.TestKit;
using Appliance.Tests.Host;

namespace Appliance.Tests.Accelerator;

/// <summary>The adapter as a user meets it: `greeks --backend ilgpu`, `doctor`, and a profile that computes on a device.</summary>
public sealed class DeviceCommandTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Contracts()
    {
        var random = new Random(21);
        var text = new StringBuilder("id,contract,model,right,spot,strike,expiry,rate,yield,vol,barrier,rebate,cash,extremum,fixings,elapsedFixings,runningAverage,kappa,theta,xi,rho,v0,lambda,jumpMean,jumpStdDev\n");
        string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
        for (int i = 0; i < 3_000; i++)
        {
            string model = i % 3 == 0 ? "black76" : "black-scholes", contract = i % 500 == 7 ? "cash-digital" : "european", cash = contract == "cash-digital" ? "1" : "";
            if (contract == "cash-digital") model = "black-scholes";
            text.Append(CultureInfo.InvariantCulture, $"{i},{contract},{model},{(i % 2 == 0 ? "call" : "put")},100,{Number(60 + 90 * random.NextDouble())},{Number(3 * random.NextDouble())},0.03,{(model == "black76" ? "" : "0.01")},{Number(random.NextDouble())},,,{cash},,,,,,,,,,,,\n");
        }
        return _folder.Write("contracts.csv", text.ToString());
    }

    [Fact]
    public void A_file_priced_on_a_device_is_the_file_that_the_processor_makes_or_the_adapter_says_that_it_is_off()
    {
        string contracts = Contracts(), ours = _folder.Inside("simd.csv"), theirs = _folder.Inside("ilgpu.csv");
        var (code, text, errors) = ApplianceProcess.Run("greeks", "--in", contracts, "--out", theirs, "--backend", "ilgpu", "--device", "cpu", "--report", _folder.ReportFile);
        if (!IlgpuAdapter.Status.IsBuilt)
        {
            Assert.Equal(2, code);
            Assert.Equal(IlgpuAdapter.Status.Sentence, Assert.Single(errors));
            Assert.False(File.Exists(theirs));
            return;
        }
        Assert.True(code == 0, text + string.Join('\n', errors));
        Assert.Contains("2,994 of them on cpu: ", text);
        Assert.Contains("6 on the processor", text);
        using (var report = JsonDocument.Parse(File.ReadAllText(_folder.ReportFile))) Assert.Equal(2_994, report.RootElement.GetProperty("onDevice").GetInt64());
        Assert.Equal(0, ApplianceProcess.Run("greeks", "--in", contracts, "--out", ours).Code);
        Assert.Equal(File.ReadAllBytes(ours), File.ReadAllBytes(theirs));
    }

    [Fact]
    public void A_device_without_the_backend_is_refused()
    {
        var (code, _, errors) = ApplianceProcess.Run("greeks", "--in", Contracts(), "--out", _folder.Inside("none.csv"), "--device", "cpu");
        Assert.Equal(2, code);
        Assert.Equal("--device cpu: goes with --backend ilgpu alone", Assert.Single(errors));
        (code, _, errors) = ApplianceProcess.Run("train", "nowhere.json", "--device", "cpu");
        Assert.Equal(2, code);
        Assert.Equal("--device cpu: goes with --backend ilgpu alone", Assert.Single(errors));
    }

    [Fact]
    public void A_policy_trained_on_a_device_has_the_risk_of_the_processors_or_the_adapter_says_that_it_is_off()
    {
        string Specification(string architecture) => _folder.Write(architecture + ".json", $$"""
            {
              "market": { "model": "gbm", "spot": 1, "volatility": 0.2 }, "time": { "steps": 5, "stepYears": 0.0027 }, "liability": { "strike": 1 },
              "hedges": [{ "instrument": "spot", "costs": { "proportional": 0.001 } }], "objective": { "kind": "cvar", "level": 0.9 },
              "policy": { "architecture": "{{architecture}}", "hidden": [8] }, "training": { "paths": 2048, "epochs": 2, "batch": 1024, "seed": 4 }, "evaluation": { "paths": 2000 }
            }
            """);
        string ours = _folder.Inside("cpu.safetensors"), theirs = _folder.Inside("ilgpu.safetensors");
        var (code, text, errors) = ApplianceProcess.Run("train", Specification("ntb"), "--out", theirs, "--backend", "ilgpu", "--device", "cpu");
        if (!IlgpuAdapter.Status.IsBuilt)
        {
            Assert.Equal(2, code);
            Assert.Equal(IlgpuAdapter.Status.Sentence, Assert.Single(errors));
            Assert.False(File.Exists(theirs));
            return;
        }
        Assert.True(code == 0, text + string.Join('\n', errors));
        Assert.Contains("device     cpu: ", text);
        var processor = ApplianceProcess.Run("train", Specification("ntb"), "--out", ours);
        Assert.Equal(1, Risk(text) / Risk(processor.Output), 1e-3);
        (code, _, errors) = ApplianceProcess.Run("train", Specification("gru"), "--out", theirs, "--backend", "ilgpu", "--device", "cpu");
        Assert.Equal(2, code);
        Assert.Contains("lstm and gru are the processor's", Assert.Single(errors));

        static double Risk(string output)
        {
            string judged = output[output.IndexOf("judged on", StringComparison.Ordinal)..];
            return double.Parse(judged[judged.IndexOf("policy ", StringComparison.Ordinal)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        }
    }

    [DeviceFact]
    public void The_doctor_names_the_devices_and_misses_the_one_that_the_profile_wants()
    {
        var (_, text, _) = ApplianceProcess.Run("doctor", "--profile", Profile("ilgpu", "cuda", 63));
        foreach (IlgpuDevice device in IlgpuAdapter.Devices()) Assert.Contains($"compute device {device.Kind} {device.Index}: {device.Name}", text);
        Assert.Contains("WRONG   the profile computes on cuda 63, which is not here", text);
    }

    [DeviceFact]
    public void A_profile_whose_device_is_absent_stops_before_anything_starts()
    {
        string capture = _folder.Inside("walk.gz");
        WalkCapture.Write(capture, seed: 3, lines: 200);
        var (code, _, errors) = ApplianceProcess.Run("run", "--profile", Profile("ilgpu", "cuda", 63), "--desk", _folder.Write("walk.json", WalkCapture.Desk), "--capture", capture, "--out", _folder.Out, "--no-console");
        Assert.True(code == 2, string.Join('\n', errors));
        Assert.Contains("compute.device: there is no cuda device 63 here; there are: ", Assert.Single(errors));
    }

    [DeviceFact]
    public void A_run_that_computes_on_a_device_makes_the_processors_orders()
    {
        string capture = _folder.Inside("walk.gz"), desk = _folder.Write("walk.json", WalkCapture.Desk);
        WalkCapture.Write(capture, seed: 5, lines: 2_000);
        string Orders(string profile, string backend)
        {
            var (code, text, errors) = ApplianceProcess.Run("run", "--profile", profile, "--desk", desk, "--capture", capture, "--out", _folder.Out, "--report", _folder.ReportFile, "--no-console");
            Assert.True(code == 0, text + string.Join('\n', errors));
            using var report = JsonDocument.Parse(File.ReadAllText(_folder.ReportFile));
            Assert.StartsWith(backend, report.RootElement.GetProperty("computeBackend").GetString());
            return report.RootElement.GetProperty("ordersSha256").GetString()!;
        }
        Assert.Equal(Orders(Profile("auto", "cuda", 0), "cpu-"), Orders(Profile("ilgpu", "cpu", 0), "ilgpu cpu: "));
    }

    private string Profile(string backend, string device, int index) => _folder.Write($"{backend}-{device}-{index}.json", $$"""
        {
          "name": "device", "topology": "fused", "threads": { "hot": { "wait": "yielding" }, "journal": { "wait": "sleeping" } },
          "ring": { "overloadShare": 0.9, "journalLagShare": 0.9 }, "watchdog": { "stallMilliseconds": 60000 }, "memory": { "lockPages": false, "maxOrders": 65536 },
          "compute": { "backend": "{{backend}}", "device": "{{device}}", "deviceIndex": {{index}}, "crossoverOptions": 0, "deadlineMicroseconds": 1000000 }
        }
        """);
}
